// What `twinlog spool check` reads, of a stopped spool and beside one that goes on.
#include "spool/check_spool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "spool/file_check.h"
#include "spool/holes.h"
#include "spool/layout.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_events;

void no_progress(std::string_view /*what*/, std::uint64_t /*done*/, std::uint64_t /*all*/) {}

class CheckSpool : public testing::SpoolTest {
 protected:
  CheckSpool() { settings_.max_bytes = 16U << 20U; }  // Small memtables: some thousand events make tables.

  SpoolCheck checked(SpoolUse use = SpoolUse::kFree) {
    Result<SpoolCheck> check = check_spool_as(settings_.path, use, no_progress);
    EXPECT_TRUE(check.has_value()) << (check ? "" : check.error().message());
    return check ? std::move(*check) : SpoolCheck{};
  }
  Error refusal(const std::string& path) {
    const Result<SpoolCheck> check = check_spool(path, no_progress);
    EXPECT_FALSE(check.has_value());
    return check ? Error(ErrorKind::kInvalid, "") : check.error();
  }
  /// The largest table of the family.
  fs::path table_of(std::string_view family) {
    fs::path largest;
    for (const auto& file : fs::directory_iterator(settings_.path)) {
      if (file.path().extension() == ".sst" && check_table(file.path()).family == family &&
          (largest.empty() || file.file_size() > fs::file_size(largest))) {
        largest = file.path();
      }
    }
    EXPECT_FALSE(largest.empty());
    return largest;
  }
  static void flip(const fs::path& path, std::uintmax_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
    ASSERT_TRUE(file.flush().good());
  }
  /// Four thousand events in tables, closed.
  void make_tables() {
    open();
    store_many("a", 4000);
    open();
    close();
  }
};

TEST_F(CheckSpool, AWholeSpoolHasNoFindingAndAllOfItIsRead) {
  make_tables();
  open();
  store_many("b", 50);
  close();
  const SpoolCheck check = checked();
  EXPECT_THAT(check.findings, IsEmpty());
  EXPECT_EQ(check.events, 4050U);
  EXPECT_GT(check.tables, 0U);
  EXPECT_GT(check.logs, 0U);
  EXPECT_FALSE(check.is_in_use);
}

TEST_F(CheckSpool, AFlippedByteOfATableIsFoundWithTheFileAndTheEvents) {
  make_tables();
  const fs::path table = table_of(kEventsFamily);
  flip(table, fs::file_size(table) / 2);
  const SpoolCheck check = checked();
  EXPECT_THAT(check.findings, Contains(AllOf(HasSubstr(table.filename().string()), HasSubstr("of events is damaged"))));
  EXPECT_THAT(check.findings, Contains(HasSubstr("events that are damaged: ")));
  ASSERT_FALSE(check.unreadable.empty());
  EXPECT_EQ(check.to_lose, check.unreadable);
  EXPECT_LT(check.unreadable.front().last - check.unreadable.front().first, 200U);
}

TEST_F(CheckSpool, ADamagedMemoryOfIdsIsTold) {
  make_tables();
  const fs::path table = table_of(kIdsFamily);
  flip(table, fs::file_size(table) / 2);
  const SpoolCheck check = checked();
  EXPECT_TRUE(check.is_ids_damaged);
  EXPECT_THAT(check.findings, ElementsAre(HasSubstr("of ids is damaged")));
  EXPECT_THAT(check.to_lose, IsEmpty());
}

TEST_F(CheckSpool, AFlippedByteOfALogIsFoundAndWhatStandsBehindItIsToBePutBack) {
  settings_.max_bytes = 64U << 20U;
  open();
  store_many("a", 2000);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  const auto logs = *files_with_suffix(*rocksdb::Env::Default(), settings_.path, ".log");
  const fs::path log = settings_.path + "/" + logs.back();
  flip(log, fs::file_size(log) / 2);
  const SpoolCheck check = checked();
  EXPECT_THAT(check.findings, Contains(HasSubstr("the database says of its files")));
  ASSERT_EQ(check.to_lose.size(), 1U);
  EXPECT_EQ(check.to_lose.front().last - check.to_lose.front().first + 1, 100U) << "one commit";
  ASSERT_FALSE(check.to_put_back.empty());
  EXPECT_EQ(check.to_put_back.back().last, 2000U);
}

TEST_F(CheckSpool, WhatIsOnRecordAsLostIsNoFindingAndSaysWhoKnowsOfIt) {
  make_tables();
  const fs::path table = table_of(kEventsFamily);
  flip(table, fs::file_size(table) / 2);
  const LeafRange lost = checked().unreadable.front();
  open();
  ASSERT_TRUE(spool().give_up_unreadable(lost.first - 1).ok());
  EXPECT_EQ(checked(SpoolUse::kInUse).losses.size(), 1U);
  ASSERT_TRUE(spool().acknowledge(lost, {7, "maria", "disk"}).ok());
  close();
  const SpoolCheck check = checked();
  EXPECT_THAT(check.findings, IsEmpty());
  EXPECT_THAT(check.losses, IsEmpty());
  EXPECT_THAT(check.known_damage, ElementsAre(HasSubstr(table.filename().string())));
  ASSERT_EQ(check.acknowledged.size(), 1U);
  EXPECT_EQ(check.acknowledged.front().by, (Decision{7, "maria", "disk"}));
}

TEST_F(CheckSpool, BesideASpoolThatGoesOnAFlippedByteIsFound) {
  make_tables();
  open();
  store_many("b", 500);
  EXPECT_THAT(checked(SpoolUse::kInUse).findings, IsEmpty());
  const fs::path table = table_of(kEventsFamily);
  flip(table, fs::file_size(table) / 2);
  const SpoolCheck check = checked(SpoolUse::kInUse);
  EXPECT_TRUE(check.is_in_use);
  EXPECT_THAT(check.findings, Contains(HasSubstr(table.filename().string())));
  EXPECT_THAT(check.findings, Contains(HasSubstr("events that are damaged: ")));
  EXPECT_EQ(spool().stats().losses.size(), 0U) << "nothing was changed behind its back";
}

/// Takes events, delivers and trims them as fast as it goes, until its end.
class Churn {
 public:
  explicit Churn(std::function<void(std::uint64_t round)> step)
      : thread_([this, step = std::move(step)] {
          for (std::uint64_t round = 0; !is_over_; ++round) {
            step(round);
            rounds_ = round + 1;
          }
        }) {}
  ~Churn() {
    is_over_ = true;
    thread_.join();
  }
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;
  std::uint64_t rounds() const { return rounds_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<std::uint64_t> rounds_ = 0;
  std::thread thread_;
};

TEST_F(CheckSpool, BesideASpoolThatTakesWritesAndTrimsNothingIsReported) {
  settings_.write_buffer_bytes = 128U << 10U;
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  store_many("a", 2000);
  std::uint64_t seen = 0;
  const Churn churn([this](std::uint64_t round) {
    offer(make_events("c" + std::to_string(round) + "-", 50, {.filler_bytes = 200}));
    deliver_all_up_to(spool().last_leaf() - 1000);
    EXPECT_TRUE(maintain_after(std::chrono::milliseconds{200}).ok());
  });
  constexpr int kChecks = 25;
  for (int i = 0; i < kChecks; ++i) {
    const std::uint64_t before = churn.rounds();
    const SpoolCheck check = checked(SpoolUse::kInUse);
    EXPECT_THAT(check.findings, IsEmpty()) << "check " << i;
    EXPECT_GE(check.events, 500U) << "what is trimmed while it is read counts in some checks";
    seen += churn.rounds() - before;
  }
  EXPECT_GT(seen, 0U) << "it went on meanwhile";
  EXPECT_GT(spool().stats().first_kept_leaf, 1U);
}

TEST_F(CheckSpool, FilesOfOthersInTheFolderAreNoFinding) {
  make_tables();
  std::ofstream(settings_.path + "/notes.txt") << "hello";
  std::ofstream(settings_.path + "/999999.sst") << "the rest of a flush that was cut short";
  fs::create_directory(settings_.path + "/lost+found");
  fs::create_symlink("/nowhere", settings_.path + "/dangling");
  EXPECT_THAT(checked().findings, IsEmpty());
}

TEST_F(CheckSpool, NoFolderAndAnEmptyOneAreRefusedAndOneWithALockAloneIsAFinding) {
  const std::string empty = folder_.path("empty");
  fs::create_directory(empty);
  for (const std::string& path : {empty, folder_.path("none")}) {
    EXPECT_EQ(refusal(path).kind(), ErrorKind::kRefused);
    EXPECT_EQ(refusal(path).message(), "there is no spool in " + path);
  }
  EXPECT_TRUE(fs::is_empty(empty));
  std::ofstream(empty + "/LOCK").close();
  const Result<SpoolCheck> unused = check_spool(empty, no_progress);
  ASSERT_TRUE(unused.has_value());
  EXPECT_FALSE(unused->does_open);
  EXPECT_THAT(unused->findings, Contains(HasSubstr("cannot be opened")));
}

TEST_F(CheckSpool, ASpoolOfAFormatToComeIsRefusedAndBothFormatsAreNamed) {
  make_tables();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    ASSERT_TRUE(database.Put({}, families.at("default"), std::string(kFormatKey), format_value(9)).ok());
  });
  EXPECT_EQ(refusal(settings_.path).kind(), ErrorKind::kRefused);
  EXPECT_THAT(refusal(settings_.path).message(), HasSubstr("format 9 and this build reads up to format 3"));
}

TEST_F(CheckSpool, ASpoolOfFormat1IsReadAsItIs) {
  const fs::path golden = fs::path(TWINLOG_SOURCE_DIR) / "tests/spool/format1/conflicts";
  fs::copy(golden, settings_.path, fs::copy_options::recursive);
  std::ofstream(settings_.path + "/LOCK").flush();
  const SpoolCheck check = checked();
  EXPECT_THAT(check.findings, IsEmpty());
  EXPECT_GT(check.events, 0U);
}

TEST_F(CheckSpool, WhoMayNotReadItIsToldSo) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can become somebody else";
  }
  make_tables();
  fs::permissions(fs::path(settings_.path).parent_path(), fs::perms::all);
  ASSERT_EQ(::seteuid(65532), 0);
  const Error folder = refusal(settings_.path);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(folder.kind(), ErrorKind::kRefused);
  EXPECT_THAT(folder.message(), AllOf(HasSubstr("Permission denied"), HasSubstr("as the user that runs the agent")));
  // The folder is open to all, one of its files is not.
  fs::permissions(settings_.path, fs::perms::all);
  for (const auto& file : fs::directory_iterator(settings_.path)) {
    fs::permissions(file.path(), fs::perms::all);
  }
  fs::permissions(table_of(kEventsFamily), fs::perms::owner_read);
  ASSERT_EQ(::seteuid(65532), 0);
  const Error file = refusal(settings_.path);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(file.kind(), ErrorKind::kRefused);
  EXPECT_THAT(file.message(), HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace twinlog
