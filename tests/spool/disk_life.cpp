#include "tests/spool/disk_life.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "spool/stopped_spool.h"
#include "tests/spool/spool_fixture.h"
#include "tests/support/long.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr std::size_t kPerUnnoted = 8;
constexpr StoreId kPg = StoreId::kPostgres;
constexpr StoreId kDocs = StoreId::kMongodb;

void make_backlog(Life& life) {
  for (int i = 0; i < 40; ++i) {
    life.offer("backlog" + std::to_string(i) + "-", 8, 500);
  }
  life.move(kPg, 120);
  life.move(kDocs, 60);
  life.maintain(seconds{1});
}

void close_with_damaged_manifest(Life& life) {
  open_and_make_backlog(life);
  life.spool.reset();
  damage_manifest(life.settings.path);
}

std::string newest_log(const std::string& folder) {
  std::string newest;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".log") {
      newest = std::max(newest, file.path().string());
    }
  }
  return newest;
}

/// In the last second before the end, so that nothing but the log behind the damage tells of what is there.
void close_with_damaged_log(Life& life) {
  open_and_make_backlog(life);
  std::string log;
  std::uint64_t end = 0;
  for (int tries = 0; log != newest_log(life.settings.path); ++tries) {  // A flush may begin another one.
    const std::string prefix = "unnoted" + std::to_string(tries);
    life.offer(prefix + "-whole-", kPerUnnoted, 500);
    log = newest_log(life.settings.path);
    end = fs::file_size(log);
    life.offer(prefix + "-damaged-", kPerUnnoted, 500);
    life.offer(prefix + "-behind-", kPerUnnoted, 500);
  }
  life.spool.reset();
  FaultyFileSystem::flip(log, end + 100);
}

/// As an older build has left it (tests/spool/format1).
std::function<void(Life&)> format1(const char* state) {
  return [state](Life& life) {
    const fs::path golden = fs::path(TWINLOG_SOURCE_DIR) / "tests/spool/format1" / state;
    for (const std::string& path : {life.settings.path, life.folder.path("read")}) {
      fs::copy(golden, path, fs::copy_options::recursive);
      std::ofstream(path + "/LOCK").flush();
    }
    const auto stopped = open_stopped_spool(life.folder.path("read"));
    ASSERT_TRUE(stopped.has_value()) << stopped.error().message();
    const auto kept = (*stopped)->read(0, 1'000'000, 1U << 30U);
    ASSERT_TRUE(kept.has_value() && !kept->empty());
    life.promises.adopt(*kept, (*stopped)->facts().cursors);
  };
}

void commit_more(Life& life) {
  for (int i = 0; i < 24; ++i) {
    life.offer("more" + std::to_string(i) + "-", 4, 1500);
  }
}

void deliver_to_go_back(Life& life) {
  open_and_make_backlog(life);
  life.move(kPg, 250);
  life.move(kDocs, 300);
  ASSERT_TRUE(life.spool->sync().ok());
}

void go_back(Life& life) {
  life.move(kDocs, 70);
  life.offer("after", 2);
  life.move(kPg, 100);
}

void trim(Life& life) {
  for (std::uint64_t leaf = 130; leaf < 300; leaf += 40) {
    life.move(kPg, leaf);
    life.move(kDocs, leaf);
    life.maintain(seconds{1});
  }
}

/// Letters with the cursor, of either store; one that the store has in the end, one that is discarded, some that wait
/// while what they are of is trimmed. What failed is tried again, as a courier does.
void refuse(Life& life) {
  PromisedLetters& letters = life.promises.letters();
  for (int i = 0; i < 3; ++i) {
    const bool is_kept = life.promises.keep_letters(*life.spool, kPg, 130, {121, 125, 128}) &&
                         life.promises.keep_letters(*life.spool, kDocs, 80, {70});
    life.offer("between" + std::to_string(i), 1, 1500);
    letters.settle(*life.spool, kPg, 121, Settlement::Kind::kTaken);
    life.maintain(seconds{1});
    letters.settle(*life.spool, kPg, 125, Settlement::Kind::kDiscarded);
    if (is_kept) {
      life.move(kPg, 200);
      life.move(kDocs, 200);
    }
    life.maintain(seconds{1});
  }
}

void close(Life& life) {
  life.offer("last", 2);
  const Status may_be_broken = life.spool->sync();
  static_cast<void>(may_be_broken);
  life.spool.reset();
}

}  // namespace

Life::Life() {
  settings.path = folder.path("spool");
  settings.agent = "auth-1";
  settings.env = disk.env.get();
  settings.write_buffer_bytes = 64U << 10U;
  settings.max_bytes = 16U << 20U;
  settings.keep_delivered = milliseconds{0};
}

Status Life::open() {
  spool.reset();
  Result<std::unique_ptr<Spool>> opened = open_rocks_spool(settings, random, clock);
  if (!opened) {
    return opened.error();
  }
  spool = std::move(*opened);
  return {};
}

void Life::offer(const std::string& prefix, std::size_t count, std::size_t filler_bytes) {
  clock.advance(milliseconds{1});
  promises.offer(*spool, make_events(prefix, count, {.filler_bytes = filler_bytes}), clock.utc_now());
}

void Life::maintain(milliseconds after) {
  clock.advance(after);
  const Status may_be_broken = spool->maintain(clock.steady_now());
  static_cast<void>(may_be_broken);
}

void Life::recover() {
  for (int i = 0; i < 5 && !spool->stats().trouble.empty(); ++i) {
    maintain(seconds{40});
  }
}

void Life::expect_all_is_well(const std::string& log_id, std::size_t most_lost) {
  promises.check(*spool);
  EXPECT_LE(promises.lost(*spool), most_lost);
  EXPECT_EQ(spool->stats().trouble, "");
  const std::size_t before = promises.size();
  maintain(seconds{40});
  offer(log_id, 2);
  EXPECT_EQ(promises.size(), before + 2) << "nothing is taken although nothing fails any more";
}

void open_and_make_backlog(Life& life) {
  ASSERT_TRUE(life.open().ok());
  make_backlog(life);
}

void open_if_it_can(Life& life) {
  if (life.open().ok()) {
    life.offer("first", 3);
    life.maintain(seconds{1});
  }
}

void damage_manifest(const std::string& folder) {
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().filename().string().starts_with("MANIFEST-")) {
      FaultyFileSystem::flip(file.path().string(), file.file_size() / 2);
    }
  }
}

std::vector<Scenario> disk_scenarios() {
  std::vector<Scenario> all = {
      {"FirstStart", [](Life&) {}, open_if_it_can},
      {"Start", [](Life& life) { open_and_make_backlog(life), life.spool.reset(); }, open_if_it_can},
      {"StartAfterDamage", close_with_damaged_manifest, open_if_it_can},
      {"StartAfterDamageOfTheLog", close_with_damaged_log, open_if_it_can, kPerUnnoted},
      {"UpgradeOfABacklog", format1("backlog"), open_if_it_can},
      {"Commit", open_and_make_backlog, commit_more},
      {"Rewind", deliver_to_go_back, go_back},
      {"Trim", open_and_make_backlog, trim},
      {"DeadLetter", open_and_make_backlog, refuse},
      {"Close", open_and_make_backlog, close}};
  if (is_long()) {
    all.push_back({"UpgradeOfConflicts", format1("conflicts"), open_if_it_can});
    all.push_back({"UpgradeAmidARewind", format1("rewind"), open_if_it_can});
  }
  return all;
}

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read before any thread is started
  return text != nullptr ? std::optional(std::strtoull(text, nullptr, 10)) : std::nullopt;
}

}  // namespace twinlog::testing
