// Single files of a spool, as the check reads them.
#include "spool/file_check.h"

#include <gmock/gmock.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "spool/layout.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint32_t kEventsNumber = 1;

class FileCheck : public testing::SpoolTest {
 protected:
  FileCheck() { settings_.max_bytes = 16U << 20U; }
  void make_tables() {
    open();
    store_many("a", 2000);
    open();
    close();
  }
  std::vector<std::string> files(std::string_view suffix) {
    std::vector<std::string> paths = *files_with_suffix(*rocksdb::Env::Default(), settings_.path, suffix);
    for (std::string& path : paths) {
      path.insert(0, settings_.path + "/");
    }
    return paths;
  }
  std::string table_of(std::string_view family) {
    for (const std::string& file : files(".sst")) {
      if (check_table(file).family == family) {
        return file;
      }
    }
    ADD_FAILURE() << "no table of " << family;
    return "";
  }
  static void overwrite(const std::string& path, std::uintmax_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write("\xA5\xA5\xA5\xA5\xA5\xA5\xA5\xA5", 8);
  }
};

TEST_F(FileCheck, AWholeTableNamesItsFamilyAndHoldsItsEvents) {
  make_tables();
  std::set<std::uint64_t> leaves;
  for (const std::string& file : files(".sst")) {
    const TableCheck table = check_table(file);
    EXPECT_EQ(table.damage, "");
    EXPECT_NE(table.family, "");
    visit_table_events(file, [&](std::uint64_t leaf) { leaves.insert(leaf); });
  }
  EXPECT_EQ(leaves.size(), 2000U);
  visit_table_events(table_of(kIdsFamily), [](std::uint64_t leaf) { ADD_FAILURE() << leaf << " is no event"; });
}

TEST_F(FileCheck, ATableWithOtherBytesIsDamagedAndGivesItsEventsUpToThere) {
  make_tables();
  const std::string file = table_of(kEventsFamily);
  std::uint64_t before = 0;
  visit_table_events(file, [&](std::uint64_t /*leaf*/) { ++before; });
  overwrite(file, fs::file_size(file) / 2);
  EXPECT_THAT(check_table(file).damage, HasSubstr("checksum"));
  EXPECT_EQ(check_table(file).family, kEventsFamily);
  std::uint64_t after = 0;
  visit_table_events(file, [&](std::uint64_t /*leaf*/) { ++after; });
  EXPECT_GT(after, 0U);
  EXPECT_LT(after, before);
}

TEST_F(FileCheck, ATableThatIsCutEmptyOrGoneIsDamagedAndOfNoFamily) {
  make_tables();
  const std::string file = table_of(kEventsFamily);
  for (const std::uintmax_t size : {fs::file_size(file) - 20, std::uintmax_t{0}}) {
    fs::resize_file(file, size);
    EXPECT_NE(check_table(file).damage, "") << size;
    EXPECT_EQ(check_table(file).family, "") << size;
  }
  fs::remove(file);
  EXPECT_THAT(check_table(file).damage, HasSubstr("No such file"));
}

TEST_F(FileCheck, ALogGivesItsEventsBehindDamageAndBeforeARecordThatIsNotWholeYet) {
  settings_.max_bytes = 64U << 20U;
  open();
  store_many("a", 1000);
  close();
  const std::string log = files(".log").back();
  const auto count = [&log] {
    std::uint64_t events = 0;
    const Status read =
        visit_log_events(*rocksdb::Env::Default(), log, kEventsNumber, [&](auto /*leaf*/) { ++events; });
    EXPECT_TRUE(read.ok());
    return events;
  };
  EXPECT_EQ(count(), 1000U);
  overwrite(log, fs::file_size(log) / 2);
  EXPECT_EQ(count(), 900U) << "a commit holds a hundred";
  fs::resize_file(log, fs::file_size(log) - 20);
  EXPECT_EQ(count(), 800U);
  fs::remove(log);
  EXPECT_FALSE(visit_log_events(*rocksdb::Env::Default(), log, kEventsNumber, [](auto /*leaf*/) {}).ok());
}

TEST_F(FileCheck, FilesComeInTheOrderOfTheirNumbers) {
  fs::create_directory(settings_.path);
  for (const char* const name : {"1000000.log", "999999.log", "000004.log", "000005.sst", "log"}) {
    std::ofstream(settings_.path + "/" + name).close();
  }
  EXPECT_THAT(*files_with_suffix(*rocksdb::Env::Default(), settings_.path, ".log"),
              ElementsAre("000004.log", "999999.log", "1000000.log"));
  EXPECT_FALSE(files_with_suffix(*rocksdb::Env::Default(), folder_.path("none"), ".log"));
}

}  // namespace
}  // namespace twinlog
