#include <gmock/gmock.h>
#include <rocksdb/db.h>
#include <sys/stat.h>

#include <filesystem>

#include "spool/layout.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using testing::make_event;

class SpoolStart : public testing::SpoolTest {
 protected:
  Error refusal() {
    spool_.reset();
    const Result<std::unique_ptr<Spool>> opened = open_rocks_spool(settings_, random_, clock_);
    return opened ? Error(ErrorKind::kInvalid, "it opened") : opened.error();
  }

  /// With RocksDB alone, as a build of another version would leave it.
  void write_meta(std::string_view key, const std::string& value, const std::string& extra_family = "") {
    with_database([&](rocksdb::DB& database, const testing::Families& families) {
      ASSERT_TRUE(database.Put({}, families.at("default"), rocksdb::Slice(key), value).ok());
      if (!extra_family.empty()) {
        rocksdb::ColumnFamilyHandle* made = nullptr;
        ASSERT_TRUE(database.CreateColumnFamily({}, extra_family, &made).ok());
        ASSERT_TRUE(database.DestroyColumnFamilyHandle(made).ok());
      }
    });
  }
};

TEST_F(SpoolStart, MakesItsFolderForItsOwnerAlone) {
  settings_.path = folder_.path("deep/down/spool");
  open();
  struct stat status {};
  ASSERT_EQ(::stat(settings_.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(SpoolStart, WritesNoFileOfOptions) {
  for (int life = 0; life < 2; ++life) {
    open();
    offer_one(make_event("life" + std::to_string(life)));
    close();
  }
  for (const auto& file : std::filesystem::directory_iterator(settings_.path)) {
    EXPECT_THAT(file.path().filename().string(), ::testing::Not(::testing::HasSubstr("OPTIONS")));
  }
}

TEST_F(SpoolStart, AFolderThatCannotBeMadeIsRefusedByName) {
  settings_.path = "/proc/twinlog/spool";
  const Error error = refusal();
  EXPECT_EQ(error.kind(), ErrorKind::kRefused);
  EXPECT_THAT(error.message(), HasSubstr("/proc/twinlog"));
}

TEST_F(SpoolStart, DrawsAVersionSevenUuidOfThisMomentAndAKey) {
  open();
  const std::string epoch = uuid_text(spool().identity().epoch_id);
  EXPECT_EQ(epoch.at(14), '7');
  EXPECT_THAT(std::string("89ab"), HasSubstr(epoch.substr(19, 1)));
  const auto milliseconds = static_cast<UtcMicros>(std::stoull(epoch.substr(0, 8) + epoch.substr(9, 4), nullptr, 16));
  EXPECT_EQ(milliseconds, clock_.utc_now() / 1000);
  EXPECT_EQ(spool().identity().log_id_key.size(), 32U);
}

TEST_F(SpoolStart, ASecondAgentOnTheSameFolderIsRefusedInWords) {
  open();
  const Result<std::unique_ptr<Spool>> second = open_rocks_spool(settings_, random_, clock_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind(), ErrorKind::kRefused);
  EXPECT_THAT(second.error().message(), HasSubstr("in use by another process"));
}

TEST_F(SpoolStart, ANewerFormatIsRefusedAndBothAreNamed) {
  open();
  close();
  write_meta(kFormatKey, format_value(kSpoolFormat + 6));
  const Error error = refusal();
  EXPECT_EQ(error.kind(), ErrorKind::kRefused);
  EXPECT_THAT(error.message(), HasSubstr("format 9"));
  EXPECT_THAT(error.message(), HasSubstr("format 3"));
}

TEST_F(SpoolStart, ANewerFormatWithAnotherColumnFamilyIsRefusedAlike) {
  open();
  close();
  write_meta(kFormatKey, format_value(kSpoolFormat + 1), "tree");
  const Error error = refusal();
  EXPECT_EQ(error.kind(), ErrorKind::kRefused);
  EXPECT_THAT(error.message(), HasSubstr("format 3"));
}

TEST_F(SpoolStart, DamagedMetaKeysAreNamed) {
  open();
  offer_one(make_event("a"));
  close();
  write_meta(epoch_key(0), "short");
  const Error error = refusal();
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(error.message(), HasSubstr("epoch"));
}

TEST_F(SpoolStart, ALostCursorMeansDeliveringAgain) {
  open();
  store_many("e", 20);
  deliver_all();
  close();
  write_meta(cursor_key(StoreId::kPostgres), number_value(0));
  open();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 0U);
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 20U);
  EXPECT_EQ(leaves_after(0).size(), 20U);
}

TEST_F(SpoolStart, ALeafThatAStoreHasIsNeverGivenOutAgain) {
  open();
  store_many("e", 20);
  close();
  write_meta(cursor_key(StoreId::kPostgres), number_value(500));
  open();
  ASSERT_EQ(offer_one(make_event("next")), Disposition::kStored);
  EXPECT_EQ(spool().last_leaf(), 501U);
  // The store has them, the spool has not, so nobody can give them to the other one.
  ASSERT_EQ(spool().stats().losses.size(), 1U);
  EXPECT_EQ(spool().stats().losses.front().leaves, (LeafRange{21, 500}));
}

TEST_F(SpoolStart, SettingsThatCannotWorkAreRefused) {
  settings_.max_bytes = 1000;
  EXPECT_EQ(refusal().kind(), ErrorKind::kInvalid);
  settings_.max_bytes = 64U << 20U;
  settings_.stores.clear();
  EXPECT_EQ(refusal().kind(), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace twinlog
