// Bytes that come back wrong, on a real file system: nothing that was promised goes, and nothing that was there is
// removed.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::HasSubstr;
using testing::make_event;
using testing::make_events;
using D = Disposition;

class SpoolDamage : public testing::SpoolTest {
 protected:
  SpoolDamage() { settings_.max_bytes = 16U << 20U; }  // Small memtables: some thousand events make tables.

  /// The tables of one family, of a closed spool.
  std::vector<fs::path> tables_of(const std::string& family) {
    std::vector<fs::path> found;
    with_database([&](rocksdb::DB& database, const testing::Families& /*families*/) {
      std::vector<rocksdb::LiveFileMetaData> files;
      database.GetLiveFilesMetaData(&files);
      for (const rocksdb::LiveFileMetaData& file : files) {
        if (file.column_family_name == family) {
          found.emplace_back(settings_.path + file.name);
        }
      }
    });
    return found;
  }

  static void flip(const fs::path& path, std::uintmax_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
    ASSERT_TRUE(file.flush().good());
  }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& file : fs::directory_iterator(settings_.path)) {
      names.insert(file.path().filename().string());
    }
    return names;
  }
};

TEST_F(SpoolDamage, OfTheMemoryOfIdsStopsNothingAndIsForgottenByTheNextCompaction) {
  open();
  store_many("a", 4000);
  ASSERT_TRUE(spool().sync().ok());
  close();
  open();  // What was in the logs is in tables now.
  close();
  const std::vector<fs::path> tables = tables_of("ids");
  ASSERT_FALSE(tables.empty());
  for (const fs::path& table : tables) {
    for (std::uintmax_t at = 0; at + 4096 < fs::file_size(table); at += 4096) {
      flip(table, at);
    }
  }
  open();
  // Ids that cannot be read count as new: never busy, never lost.
  EXPECT_THAT(offer(make_events("a0-", 100)), Each(::testing::AnyOf(D::kStored, D::kDuplicate)));
  EXPECT_GT(spool().stats().unreadable_ids, 0U);
  for (int round = 0; round < 200 && spool().stats().forgotten_ids == 0; ++round) {
    static_cast<void>(offer(make_events("b" + std::to_string(round) + "-", 100)));
    static_cast<void>(maintain_after(std::chrono::seconds{1}));
  }
  EXPECT_EQ(spool().stats().forgotten_ids, 1U);
  EXPECT_TRUE(spool().stats().losses.empty());
  EXPECT_EQ(offer_one(make_event("after")), D::kStored);
  EXPECT_EQ(offer_one(make_event("after")), D::kDuplicate);
  settle();
  EXPECT_TRUE(spool().stats().writable);
  const std::vector<std::string> list = log_ids_after(0);
  const std::set<std::string> kept(list.begin(), list.end());
  for (int commit = 0; commit < 40; ++commit) {
    for (const AcceptedEvent& event : make_events("a" + std::to_string(commit * 100) + "-", 100)) {
      EXPECT_TRUE(kept.contains(event.event.log_id)) << event.event.log_id;
    }
  }
}

TEST_F(SpoolDamage, ADeathWhileTheMemoryOfIdsWasReplacedCostsNothingElse) {
  open();
  store_many("a", 100);
  close();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    EXPECT_TRUE(database.DropColumnFamily(families.at("ids")).ok());
  });
  open();
  EXPECT_EQ(log_ids_after(0).size(), 100U);
  EXPECT_EQ(offer_one(make_event("new")), D::kStored);
  EXPECT_EQ(offer_one(make_event("new")), D::kDuplicate);
}

TEST_F(SpoolDamage, WithoutTheFileCurrentItIsPutTogetherAnewAndNothingIsLost) {
  open();
  store_many("a", 2000);
  deliver_all_up_to(700);
  close();
  open();
  const SpoolIdentity before = spool().identity();
  store_many("b", 10);
  close();
  fs::remove(settings_.path + "/CURRENT");
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_EQ(log_ids_after(0).size(), 2010U);
    EXPECT_TRUE(spool().stats().losses.empty());
    EXPECT_EQ(spool().cursor(StoreId::kMongodb), 700U);
    EXPECT_EQ(spool().identity().epoch_id, before.epoch_id);
    EXPECT_EQ(spool().identity().log_id_key, before.log_id_key);
  }
}

/// The newest of the files with this suffix.
fs::path newest(const std::string& folder, const std::string& suffix) {
  fs::path found;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().string().ends_with(suffix) && file.file_size() > 0 &&
        (found.empty() || file.path().filename() > found.filename())) {
      found = file.path();
    }
  }
  return found;
}

TEST_F(SpoolDamage, InALogCostsTheEventsOfTheDamagedCommitAndNoOther) {
  settings_.max_bytes = 64U << 20U;  // All stays in one log.
  open();
  store_many("a", 1000);  // Ten commits.
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  const fs::path log = newest(settings_.path, ".log");
  flip(log, fs::file_size(log) / 4);
  open();
  const std::vector<std::string> kept = log_ids_after(0);
  EXPECT_EQ(kept.size(), 900U);
  ASSERT_EQ(spool().stats().losses.size(), 1U);
  const LeafRange lost = spool().stats().losses.front().leaves;
  EXPECT_EQ(lost.last - lost.first + 1, 100U);
  EXPECT_EQ(spool().last_leaf(), 1000U);
  for (const auto& since : spool().stats().incomplete_since) {
    EXPECT_TRUE(since.has_value());
  }
  EXPECT_THAT(spool().take_warnings(),
              ::testing::Contains(::testing::ContainsRegex("leaves [0-9]+ to [0-9]+ .*were promised and are gone")));
  // What is behind the damage is remembered, what was lost may come again, and no number is given out twice.
  EXPECT_THAT(offer(make_events("a900-", 100)), Each(D::kDuplicate));
  EXPECT_THAT(offer(make_events("a" + std::to_string(lost.first - 1) + "-", 100)), Each(D::kStored));
  EXPECT_EQ(spool().last_leaf(), 1100U);
  close();
  open();
  EXPECT_EQ(spool().stats().losses.size(), 1U);
  EXPECT_EQ(spool().acknowledge({1, 2}, {1, "maria", "why"}).error().kind(), ErrorKind::kRefused);
  const Decision by{clock_.utc_now(), "maria (uid 1000)", "disk replaced"};
  ASSERT_TRUE(spool().acknowledge(lost, by).ok());
  close();
  open();
  EXPECT_TRUE(spool().stats().losses.empty());
  ASSERT_EQ(spool().stats().acknowledged.size(), 1U);
  EXPECT_EQ(spool().stats().acknowledged.front().leaves, lost);
  EXPECT_EQ(spool().stats().acknowledged.front().by, by);
}

TEST_F(SpoolDamage, FilesThatWereFoundDamagedAreToldOfOverRestartsUntilSomebodyTakesThemAway) {
  settings_.max_bytes = 64U << 20U;
  open();
  store_many("a", 1000);
  close();
  const fs::path log = newest(settings_.path, ".log");
  const std::uintmax_t bytes = fs::file_size(log);
  flip(log, bytes / 4);
  open();
  EXPECT_EQ(spool().stats().damaged_copies, 1U);
  const std::uint64_t kept = spool().stats().damaged_bytes;
  EXPECT_GE(kept, bytes) << "what the opening has replaced lies there alone";
  EXPECT_LT(spool().stats().disk_bytes, settings_.max_bytes);
  close();
  open();
  EXPECT_EQ(spool().stats().damaged_copies, 1U);
  EXPECT_GE(spool().stats().damaged_bytes, kept);
  for (const std::string& name : files()) {
    if (name.starts_with("damaged-")) {
      fs::remove_all(settings_.path + "/" + name);
    }
  }
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_EQ(spool().stats().damaged_copies, 0U);
  EXPECT_EQ(spool().stats().damaged_bytes, 0U);
}

TEST_F(SpoolDamage, TwiceAtTheSameMomentOfTheClockIsKeptTwice) {
  settings_.max_bytes = 64U << 20U;
  open();
  for (const std::uint64_t copies : {1U, 2U}) {
    store_many("life" + std::to_string(copies) + "-", 1000);
    close();
    const fs::path log = newest(settings_.path, ".log");
    flip(log, fs::file_size(log) / 4);
    open();
    EXPECT_EQ(spool().stats().damaged_copies, copies);
  }
  EXPECT_TRUE(spool().stats().writable);
}

TEST_F(SpoolDamage, ALogThatIsGoneIsALossThatIsSaidToTheSecond) {
  settings_.max_bytes = 64U << 20U;
  open();
  store_many("a", 500);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  close();
  fs::remove(newest(settings_.path, ".log"));
  open();
  ASSERT_EQ(spool().stats().losses.size(), 1U);
  EXPECT_EQ(spool().stats().losses.front().leaves, (LeafRange{1, 500}));
  EXPECT_EQ(offer_one(make_event("b")), D::kStored);
  EXPECT_EQ(spool().last_leaf(), 501U);
}

TEST_F(SpoolDamage, OfTheManifestHidesNoTable) {
  open();
  for (int life = 0; life < 3; ++life) {
    store_many("life" + std::to_string(life) + "-", 500);
    ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
    close();
    open();
  }
  close();
  const fs::path manifest = settings_.path + "/" + [this] {
    std::string name;
    std::ifstream(settings_.path + "/CURRENT") >> name;
    return name;
  }();
  fs::resize_file(manifest, fs::file_size(manifest) - 20);
  open();
  EXPECT_EQ(log_ids_after(0).size(), 1500U);
  EXPECT_TRUE(spool().stats().losses.empty());
}

TEST_F(SpoolDamage, AnOpeningThatFindsNothingLeavesNothingBehind) {
  open();
  store_many("a", 500);
  close();
  open();
  close();
  for (const std::string& name : files()) {
    EXPECT_FALSE(name.starts_with("aside") || name.starts_with("damaged")) << name;
  }
}

TEST_F(SpoolDamage, AFirstStartThatWasCutShortIsBegunAgain) {
  fs::create_directory(settings_.path);
  std::ofstream(settings_.path + "/MANIFEST-000001") << "half a record";
  std::ofstream(settings_.path + "/LOCK").flush();
  open();
  EXPECT_EQ(offer_one(make_event("a")), D::kStored);
}

}  // namespace
}  // namespace twinlog
