#include "tests/spool/spool_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <optional>
#include <random>
#include <thread>

#include "ledger/record/canonical.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"

namespace twinlog::testing {

namespace {

/// Text that does not compress: a piece of one long random line, since drawing it anew for each event is slow.
std::string noise(std::size_t where, std::size_t bytes) {
  static const std::string line = [] {
    constexpr std::size_t kBytes = 1U << 20U;
    std::mt19937_64 engine(5);
    std::string text(kBytes, ' ');
    for (char& letter : text) {
      letter = static_cast<char>('!' + engine() % 90);
    }
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '"' || c == '\\'; }, '.');
    return text;
  }();
  return line.substr(where % (line.size() - bytes), bytes);
}

}  // namespace

AcceptedEvent make_event(std::string_view log_id, const EventOptions& options) {
  AcceptedEvent accepted;
  accepted.event.tenant_id = "acme";
  accepted.event.log_id = log_id;
  accepted.event.event_type = options.event_type;
  accepted.event.occurred_at = kReceivedAt - 1'000'000;
  accepted.event.username = options.username;
  accepted.event.account = "name:" + options.username;
  if (options.filler_bytes > 0) {
    accepted.event.user_agent = noise(std::hash<std::string_view>{}(log_id), options.filler_bytes);
  }
  accepted.canonical = canonical_content(accepted.event);
  accepted.content_hash = content_hash(accepted.canonical);
  return accepted;
}

std::vector<AcceptedEvent> make_events(std::string_view prefix, std::size_t count, const EventOptions& options) {
  std::vector<AcceptedEvent> events;
  events.reserve(count);
  for (std::size_t i = 1; i <= count; ++i) {
    events.push_back(make_event(std::string(prefix) + std::to_string(i), options));
  }
  return events;
}

SpoolTest::SpoolTest() {
  settings_.path = folder_.path("spool");
  settings_.agent = "auth-1";
  settings_.max_bytes = 64U << 20U;
}

FaultySpoolTest::FaultySpoolTest() {
  settings_.env = disk_.env.get();
  settings_.write_buffer_bytes = 64U << 10U;
  settings_.max_bytes = 16U << 20U;
}

void SpoolTest::open() {
  spool_.reset();
  Result<std::unique_ptr<Spool>> opened = open_rocks_spool(settings_, random_, clock_);
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  spool_ = std::move(*opened);
}

std::vector<Disposition> SpoolTest::offer(const std::vector<AcceptedEvent>& events, Atomicity atomicity) {
  const CommitRequest request{.events = events, .atomicity = atomicity};
  Result<std::vector<std::vector<Disposition>>> answers = spool_->commit({&request, 1}, kReceivedAt);
  return answers ? std::move(answers->front()) : std::vector<Disposition>();
}

Disposition SpoolTest::offer_one(const AcceptedEvent& event) {
  const std::vector<Disposition> answers = offer({event});
  return answers.empty() ? Disposition::kBusy : answers.front();
}

void SpoolTest::store_many(std::string_view prefix, std::size_t count, const EventOptions& options) {
  constexpr std::size_t kPerCommit = 100;
  for (std::size_t done = 0; done < count; done += kPerCommit) {
    const std::size_t now = std::min(kPerCommit, count - done);
    const std::vector<Disposition> answers =
        offer(make_events(std::string(prefix) + std::to_string(done) + "-", now, options));
    ASSERT_EQ(answers, std::vector<Disposition>(now, Disposition::kStored)) << "after " << done;
  }
}

namespace {

/// Puts an entry for each hash of each run in which `number` is, or of every run; but none for the number.
void split(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* leaves, std::optional<std::uint64_t> number) {
  const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, leaves));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto run = hash_run_from(at->key().ToStringView(), at->value().ToStringView());
    if (!run || leaf_of_event_key(at->key().ToStringView()) ||
        (number && (*number < run->first || *number > run->last()))) {
      continue;
    }
    for (std::uint64_t each = run->first; each <= run->last(); ++each) {
      const std::string_view hash = run->hashes.substr((each - run->first) * sizeof(Digest), sizeof(Digest));
      EXPECT_TRUE(each == number || database.Put({}, leaves, event_key(each), rocksdb::Slice(hash)).ok());
    }
    EXPECT_TRUE(database.Delete({}, leaves, at->key()).ok());
  }
}

}  // namespace

void erase_number(rocksdb::DB& database, const Families& families, const std::string& family, std::uint64_t number) {
  if (family == "leaves") {
    split(database, families.at(family), number);
  }
  EXPECT_TRUE(database.Delete({}, families.at(family), event_key(number)).ok());
}

void split_runs(rocksdb::DB& database, const Families& families) {
  split(database, families.at("leaves"), std::nullopt);
}

void SpoolTest::with_database(const std::function<void(rocksdb::DB& database, const Families& families)>& use) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, settings_.path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  std::ranges::transform(names, std::back_inserter(descriptors), [](const std::string& name) {
    return rocksdb::ColumnFamilyDescriptor(name, rocksdb::ColumnFamilyOptions());
  });
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, settings_.path, descriptors, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> database(opened);
  Families families;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    families[handle->GetName()] = handle;
  }
  use(*database, families);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    EXPECT_TRUE(database->DestroyColumnFamilyHandle(handle).ok());
  }
}

std::size_t SpoolTest::fill_up(const EventOptions& options) {
  constexpr std::size_t kPerCommit = 8;
  std::size_t stored = 0;
  std::size_t taken = 0;
  do {
    EXPECT_TRUE(maintain_after(std::chrono::milliseconds{10}).ok());
    const std::string prefix = options.event_type + std::to_string(spool_->last_leaf()) + "-";
    const std::vector<Disposition> answers = offer(make_events(prefix, kPerCommit, options));
    taken = static_cast<std::size_t>(std::count(answers.begin(), answers.end(), Disposition::kStored));
    stored += taken;
  } while (taken > 0);
  return stored;
}

void SpoolTest::deliver_all_up_to(std::uint64_t leaf) {
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    ASSERT_TRUE(spool_->move_cursor(store, leaf).ok());
  }
}

Status SpoolTest::maintain_after(std::chrono::milliseconds step) {
  clock_.advance(step);
  Status maintained = spool_->maintain(clock_.steady_now());
  most_disk_bytes_ = std::max(most_disk_bytes_, spool_->stats().disk_bytes);
  return maintained;
}

DeadLetter SpoolTest::letter_of(std::uint64_t leaf) {
  return {.version = spool_->read(leaf - 1, 1, 1)->front(),
          .refused_at = clock_.utc_now(),
          .code = "23514",
          .constraint = kRefusedBy,
          .where = "records",
          .words = "the store refuses it"};
}

void SpoolTest::settle() {
  for (int second = 0; second < 20; ++second) {
    EXPECT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  }
}

bool SpoolTest::shrinks_below(std::uint64_t bytes) {
  constexpr int kMostTries = 10'000;
  for (int i = 0; i < kMostTries && spool_->stats().disk_bytes >= bytes; ++i) {
    EXPECT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return spool_->stats().disk_bytes < bytes;
}

std::vector<std::uint64_t> SpoolTest::leaves_after(std::uint64_t after) {
  std::vector<std::uint64_t> leaves;
  const Result<std::vector<Version>> versions = spool_->read(after, 1'000'000, 1U << 30U);
  EXPECT_TRUE(versions.has_value());
  for (const Version& version : *versions) {
    leaves.push_back(version.leaf_index);
  }
  return leaves;
}

std::vector<std::string> SpoolTest::log_ids_after(std::uint64_t after) {
  std::vector<std::string> log_ids;
  const Result<std::vector<Version>> versions = spool_->read(after, 1'000'000, 1U << 30U);
  EXPECT_TRUE(versions.has_value());
  for (const Version& version : *versions) {
    log_ids.push_back(version.event.log_id);
  }
  return log_ids;
}

}  // namespace twinlog::testing
