// What `twinlog spool repair --apply` does to a stopped spool.
#include "spool/repair_spool.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "spool/file_check.h"
#include "spool/folder_copy.h"
#include "spool/layout.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_events;
using ::testing::SizeIs;

void no_progress(std::string_view /*what*/, std::uint64_t /*done*/, std::uint64_t /*all*/) {}

class RepairSpool : public testing::SpoolTest {
 protected:
  RepairSpool() { settings_.max_bytes = 16U << 20U; }

  void make_tables() {
    open();
    store_many("a", 4000);
    open();
    close();
  }
  SpoolCheck checked() {
    Result<SpoolCheck> check = check_spool(settings_.path, no_progress);
    EXPECT_TRUE(check.has_value()) << (check ? "" : check.error().message());
    return check ? std::move(*check) : SpoolCheck{};
  }
  std::vector<std::string> repaired(const SpoolCheck& check) {
    Result<std::vector<std::string>> done = repair_spool(settings_, check, random_, clock_);
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message());
    return done ? std::move(*done) : std::vector<std::string>();
  }
  /// Zeroes in the middle of the largest table of the family.
  void damage(std::string_view family) {
    fs::path largest;
    for (const auto& file : fs::directory_iterator(settings_.path)) {
      if (file.path().extension() == ".sst" && check_table(file.path()).family == family &&
          (largest.empty() || file.file_size() > fs::file_size(largest))) {
        largest = file.path();
      }
    }
    ASSERT_FALSE(largest.empty());
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(largest) / 2));
    file.write("\0\0\0\0\0\0\0\0", 8);
  }
};

TEST_F(RepairSpool, PutsOnRecordWhatCannotBeReadAndASecondOneFindsNothing) {
  make_tables();
  damage(kEventsFamily);
  const SpoolCheck check = checked();
  ASSERT_THAT(check.to_lose, SizeIs(1));
  EXPECT_THAT(repaired(check), Contains(HasSubstr("were promised and are gone")));
  const SpoolCheck after = checked();
  EXPECT_THAT(after.findings, IsEmpty());
  ASSERT_THAT(after.losses, SizeIs(1));
  EXPECT_EQ(after.losses.front().leaves, check.to_lose.front());
  EXPECT_THAT(repaired(after), IsEmpty());
  open();
  const LeafRange lost = check.to_lose.front();
  EXPECT_THAT(leaves_after(0), SizeIs(lost.first - 1));
  EXPECT_THAT(leaves_after(lost.first - 1), SizeIs(4000 - lost.last)) << "a reader goes on behind it";
}

TEST_F(RepairSpool, WorksAfterACopyThatWasCutShort) {
  make_tables();
  damage(kEventsFamily);
  const std::string rest = folder_.path("unfinished-copy-of-spool");
  fs::create_directory(rest);
  fs::create_hard_link(settings_.path + "/CURRENT", rest + "/CURRENT");
  const SpoolCheck check = checked();
  ASSERT_TRUE(copy_spool(settings_.path, copy_path(settings_.path, 17), no_progress).has_value());
  repaired(check);
  EXPECT_THAT(checked().findings, IsEmpty());
  EXPECT_FALSE(fs::exists(rest));
}

TEST_F(RepairSpool, BeginsADamagedMemoryOfIdsAnewAndLosesNoEvent) {
  make_tables();
  damage(kIdsFamily);
  EXPECT_THAT(repaired(checked()), Contains(HasSubstr("the memory of ids was damaged and is begun anew")));
  EXPECT_THAT(checked().findings, IsEmpty());
  open();
  EXPECT_EQ(log_ids_after(0).size(), 4000U);
  EXPECT_THAT(spool().stats().losses, IsEmpty());
}

TEST_F(RepairSpool, PutsBackWhatStandsBehindDamageInALog) {
  settings_.max_bytes = 64U << 20U;
  open();
  store_many("a", 2000);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  const auto logs = *files_with_suffix(*rocksdb::Env::Default(), settings_.path, ".log");
  const std::string log = settings_.path + "/" + logs.back();
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(log) / 2));
  file.write("\0\0\0\0\0\0\0\0", 8);
  file.close();
  const SpoolCheck check = checked();
  EXPECT_THAT(check.to_put_back, ::testing::Not(IsEmpty()));
  repaired(check);
  const SpoolCheck after = checked();
  EXPECT_THAT(after.findings, IsEmpty());
  EXPECT_THAT(after.kept, SizeIs(1));
  open();
  EXPECT_EQ(log_ids_after(0).size(), 1900U) << "a commit holds a hundred";
}

TEST_F(RepairSpool, OfFormat1IsAnUpgradeWithoutLoss) {
  fs::copy(fs::path(TWINLOG_SOURCE_DIR) / "tests/spool/format1/backlog", settings_.path, fs::copy_options::recursive);
  std::ofstream(settings_.path + "/LOCK").flush();
  const SpoolCheck before = checked();
  repaired(before);
  const SpoolCheck after = checked();
  EXPECT_THAT(after.findings, IsEmpty());
  EXPECT_THAT(after.losses, IsEmpty());
  EXPECT_EQ(after.events, before.events);
}

TEST_F(RepairSpool, OfAFormatToComeIsRefused) {
  make_tables();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    ASSERT_TRUE(database.Put({}, families.at("default"), std::string(kFormatKey), format_value(9)).ok());
  });
  const auto done = repair_spool(settings_, {}, random_, clock_);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind(), ErrorKind::kRefused);
  EXPECT_THAT(done.error().message(), HasSubstr("format 9 and this build reads up to format 3"));
}

}  // namespace
}  // namespace twinlog
