// Dead letters whose bytes come back wrong, or not at all: the cursor has passed their events, so each of them is there
// again, made anew from its event, or on record as lost for its store.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "spool/check_spool.h"
#include "spool/dead_letter_codec.h"
#include "tests/spool/spool_fixture.h"
#include "tests/spool/spool_image.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_event;
using ::testing::Not;
using ::testing::SizeIs;
using D = Disposition;
constexpr StoreId kPg = StoreId::kPostgres;
constexpr StoreId kDocs = StoreId::kMongodb;

class SpoolLetterDamage : public testing::SpoolTest {
 protected:
  SpoolLetterDamage() {
    for (std::uint64_t leaf = 2; leaf <= 50; ++leaf) {
      many_.push_back(leaf);
    }
  }
  void keep(StoreId store, std::uint64_t cursor, const std::vector<std::uint64_t>& leaves) {
    std::vector<DeadLetter> letters;
    for (const std::uint64_t leaf : leaves) {
      letters.push_back(letter_of(leaf));
      kept_[leaf] = letters.back();
    }
    ASSERT_TRUE(spool().keep_dead_letters(store, cursor, letters).ok());
  }
  void discard(StoreId store, std::uint64_t leaf) {
    const Settlement discarded{.kind = Settlement::Kind::kDiscarded, .by = {clock_.utc_now(), "maria", "a test"}};
    ASSERT_TRUE(spool().settle_dead_letters(store, {&leaf, 1}, discarded).ok());
  }
  /// What lies in logs lies in tables then.
  void close_in_tables() {
    close();
    open();
    close();
  }
  /// Nothing is left in `events` of what both stores have, as when it was compacted since.
  void trim_all() {
    deliver_all();
    settle();
    ASSERT_GT(spool().stats().first_kept_leaf, spool().last_leaf());
    close();
    with_database([](rocksdb::DB& database, const testing::Families& families) {
      const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, families.at("events")));
      for (at->SeekToFirst(); at->Valid(); at->Next()) {
        ASSERT_TRUE(database.Delete({}, families.at("events"), at->key()).ok());
      }
    });
    open();
  }

  std::vector<std::uint64_t> listed(StoreId store) {
    std::vector<std::uint64_t> leaves;
    const Result<std::vector<DeadLetter>> letters = spool().dead_letters(store, 0, 100);
    EXPECT_TRUE(letters.has_value()) << letters.error().message();
    for (const DeadLetter& letter : letters ? *letters : std::vector<DeadLetter>()) {
      leaves.push_back(letter.version.leaf_index);
      EXPECT_EQ(letter.version, kept_.at(leaves.back()).version);
      EXPECT_EQ(letter.refused_at, kept_.at(leaves.back()).refused_at);
    }
    return leaves;
  }
  std::vector<LeafRange> lost() {
    std::vector<LeafRange> ranges;
    for (const Loss& loss : spool().stats().losses) {
      ranges.push_back(loss.leaves);
    }
    return ranges;
  }
  std::set<std::string> folders() const {
    std::set<std::string> names;
    for (const auto& file : fs::directory_iterator(settings_.path)) {
      if (file.is_directory()) {
        names.insert(file.path().filename().string());
      }
    }
    return names;
  }

  void put_garbage(StoreId store, std::uint64_t leaf) {
    with_database([&](rocksdb::DB& database, const testing::Families& families) {
      rocksdb::ColumnFamilyHandle* letters = families.at("dead_letters");
      ASSERT_TRUE(database.Put({}, letters, dead_letter_key(store, leaf), "no letter").ok());
      ASSERT_TRUE(database.CompactRange({}, letters, nullptr, nullptr).ok());
    });
  }
  std::vector<fs::path> letter_tables() {
    std::vector<fs::path> found;
    with_database([&](rocksdb::DB& database, const testing::Families& /*families*/) {
      std::vector<rocksdb::LiveFileMetaData> files;
      database.GetLiveFilesMetaData(&files);
      for (const rocksdb::LiveFileMetaData& file : files) {
        if (file.column_family_name == "dead_letters") {
          found.emplace_back(settings_.path + file.name);
        }
      }
    });
    return found;
  }
  /// The first block of data alone: the table opens, and what lies in the block cannot be read.
  void damage_first_blocks() {
    const std::vector<fs::path> tables = letter_tables();
    ASSERT_THAT(tables, Not(IsEmpty()));
    for (const fs::path& table : tables) {
      testing::FaultyFileSystem::flip(table, 20);
    }
  }

  std::map<std::uint64_t, DeadLetter> kept_;
  std::vector<std::uint64_t> many_;  ///< More than a block of them, if they are large.
};

TEST_F(SpoolLetterDamage, OfAValueCostsNoLetterAndTheSpoolStaysAsItIs) {
  open();
  store_many("a", 10);
  keep(kPg, 5, {3, 4});
  keep(kDocs, 4, {3});
  close_in_tables();
  put_garbage(kPg, 3);
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_THAT(spool().take_warnings(), Each(Not(HasSubstr("put together anew"))));
    EXPECT_THAT(listed(kPg), ElementsAre(3, 4));
    EXPECT_THAT(listed(kDocs), ElementsAre(3));
    EXPECT_THAT(spool().dead_leaves(kPg, {1, 10}), ElementsAre(3, 4)) << "it is not offered with the others";
    EXPECT_THAT(lost(), IsEmpty());
    EXPECT_EQ(spool().stats().damaged_copies, 1U) << "told once, and what was there stays";
    EXPECT_EQ(spool().cursor(kPg), 5U);
  }
}

TEST_F(SpoolLetterDamage, WhereItsEventIsTrimmedIsALossOfThatStoreUntilSomebodyAcknowledgesIt) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  store_many("a", 10);
  keep(kPg, 10, {2, 3, 4, 7});
  trim_all();
  close();
  for (const std::uint64_t leaf : {3U, 4U, 7U}) {
    put_garbage(kPg, leaf);
  }
  open();
  EXPECT_THAT(spool().take_warnings(), Contains(HasSubstr("dead letters of the events 3 to 4 for postgres")));
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(listed(kPg), ElementsAre(2));
    EXPECT_THAT(lost(), ElementsAre(LeafRange{3, 4}, LeafRange{7, 7}));
    ASSERT_THAT(lost(), Not(IsEmpty()));
    const Loss loss = spool().stats().losses.front();
    EXPECT_EQ(loss.from, kept_.at(3).version.received_at);
    EXPECT_EQ(loss.until, kept_.at(4).version.received_at);
    EXPECT_TRUE(is_lost_for(loss, kPg));
    EXPECT_FALSE(is_lost_for(loss, kDocs));
    EXPECT_TRUE(spool().stats().incomplete_since.at(0).has_value());
    EXPECT_FALSE(spool().stats().incomplete_since.at(1).has_value()) << "it has them";
    open();
  }
  EXPECT_EQ(offer_one(make_event("a3")), D::kStored) << "what is lost may come again";
  ASSERT_TRUE(spool().acknowledge({3, 4}, {1, "maria", "disk replaced"}).ok());
  ASSERT_TRUE(spool().acknowledge({7, 7}, {1, "maria", "disk replaced"}).ok());
  open();
  EXPECT_THAT(lost(), IsEmpty());
}

TEST_F(SpoolLetterDamage, IsNamedByACheckOfAStoppedSpoolWhichChangesNothing) {
  open();
  store_many("a", 10);
  keep(kPg, 10, {3, 4});
  keep(kDocs, 10, {4});
  close();
  put_garbage(kPg, 3);
  put_garbage(kDocs, 4);
  for (int round = 0; round < 2; ++round) {
    const Result<SpoolCheck> check = check_spool(settings_.path, [](std::string_view, std::uint64_t, std::uint64_t) {});
    ASSERT_TRUE(check.has_value()) << check.error().message();
    EXPECT_TRUE(check->does_open);
    EXPECT_THAT(check->findings, ElementsAre("dead letters that are damaged or gone: postgres 3, mongodb 4"));
  }
}

TEST_F(SpoolLetterDamage, OfBothStoresIsOneLoss) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  store_many("a", 10);
  keep(kPg, 10, {3});
  keep(kDocs, 10, {3});
  trim_all();
  close();
  put_garbage(kPg, 3);
  put_garbage(kDocs, 3);
  open();
  for (int start = 0; start < 2; ++start) {
    ASSERT_THAT(spool().stats().losses, SizeIs(1));
    for (const StoreId store : {kPg, kDocs}) {
      EXPECT_TRUE(is_lost_for(spool().stats().losses.front(), store));
      EXPECT_TRUE(spool().stats().incomplete_since.at(static_cast<std::size_t>(store)).has_value());
    }
    open();
  }
}

TEST_F(SpoolLetterDamage, OfABlockCostsNoLetterThatLiesElsewhereOrWhoseEventIsThere) {
  open();
  store_many("a", 100, {.filler_bytes = 900});
  keep(kPg, 100, many_);
  close_in_tables();
  damage_first_blocks();
  for (std::uint64_t start = 1; start <= 3; ++start) {
    open();
    EXPECT_THAT(spool().take_warnings(), Each(Not(HasSubstr("put together anew"))));
    EXPECT_THAT(listed(kPg), ElementsAreArray(many_));
    EXPECT_EQ(spool().dead_letters(kPg, many_.back() - 1, 1)->front().code, "23514") << "it was never damaged";
    EXPECT_THAT(lost(), IsEmpty());
    EXPECT_EQ(spool().stats().damaged_copies, 1U);
    keep(kDocs, start, {start});  // So that tables of letters are merged, which would meet the damage.
  }
  EXPECT_THAT(listed(kDocs), ElementsAre(1, 2, 3));
  EXPECT_TRUE(spool().stats().writable);
}

TEST_F(SpoolLetterDamage, OfABlockWithoutTheirEventsIsALossOfThoseInItAlone) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  store_many("a", 100, {.filler_bytes = 900});
  keep(kPg, 100, many_);
  trim_all();
  close_in_tables();
  damage_first_blocks();
  for (int start = 0; start < 2; ++start) {
    open();
    ASSERT_THAT(lost(), SizeIs(1));
    EXPECT_EQ(lost().front().first, many_.front());
    std::vector<std::uint64_t> all;
    for (std::uint64_t leaf = many_.front(); leaf <= lost().front().last; ++leaf) {
      all.push_back(leaf);
    }
    const std::vector<std::uint64_t> left = listed(kPg);
    EXPECT_THAT(left, Not(IsEmpty()));
    all.insert(all.end(), left.begin(), left.end());
    EXPECT_THAT(all, ElementsAreArray(many_));
  }
}

TEST_F(SpoolLetterDamage, OfAWholeTableLosesNoneWithoutAWord) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  store_many("a", 10);
  keep(kPg, 10, {3});
  trim_all();
  store_many("b", 10);
  keep(kPg, 15, {13});
  close_in_tables();
  for (const fs::path& table : letter_tables()) {
    fs::remove(table);
  }
  for (int start = 0; start < 2; ++start) {
    open();
    ASSERT_THAT(listed(kPg), ElementsAre(13));
    EXPECT_THAT(spool().dead_letters(kPg, 0, 1)->front().words, HasSubstr("is not known any more"));
    EXPECT_THAT(lost(), ElementsAre(LeafRange{3, 3}));
    EXPECT_EQ(leaves_after(10).size(), 10U);
  }
}

TEST_F(SpoolLetterDamage, LetsNobodyForgetThatOneWasDiscardedNorBringsBackOneThatWasTaken) {
  open();
  store_many("a", 10);
  keep(kPg, 10, {3, 4, 5});
  close_in_tables();  // The waiting ones in a table of their own.
  open();
  discard(kPg, 3);
  const std::uint64_t taken = 4;
  ASSERT_TRUE(spool().settle_dead_letters(kPg, {&taken, 1}, {}).ok());
  close();
  put_garbage(kPg, 3);
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_THAT(listed(kPg), ElementsAre(5));
    EXPECT_THAT(spool().dead_leaves(kPg, {1, 10}), ElementsAre(3, 5));
    EXPECT_THAT(lost(), IsEmpty());
  }
}

TEST_F(SpoolLetterDamage, IsMendedAsWellWhenTheAgentDiedAmidTheMending) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  store_many("a", 10);
  keep(kPg, 10, {3, 4});
  trim_all();
  close_in_tables();
  // As it is left: the tables have second names, the family of the damaged one is gone.
  fs::create_directory(settings_.path + "/aside");
  for (const fs::path& table : letter_tables()) {
    fs::create_hard_link(table, settings_.path + "/aside/" + table.filename().string());
  }
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    EXPECT_TRUE(database.DropColumnFamily(families.at("dead_letters")).ok());
  });
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_THAT(listed(kPg), ElementsAre(3, 4));
    EXPECT_THAT(lost(), IsEmpty());
    EXPECT_EQ(spool().dead_letters(kPg, 0, 1)->front().code, "23514");
  }
}

TEST_F(SpoolLetterDamage, StaysInAFolderWhenTheAgentDiedBeforeItWasNamed) {
  open();
  store_many("a", 100, {.filler_bytes = 900});
  keep(kPg, 100, many_);
  close_in_tables();
  damage_first_blocks();
  open();
  close();
  // As it is left: mended, and the files as they were found not yet under the name that stays.
  for (const std::string& name : folders()) {
    fs::rename(settings_.path + "/" + name, settings_.path + "/aside");
  }
  open();
  EXPECT_EQ(spool().stats().damaged_copies, 1U);
  EXPECT_THAT(listed(kPg), ElementsAreArray(many_));
}

TEST_F(SpoolLetterDamage, InALogLetsNoCursorPassAnEventWhoseLetterWentWithIt) {
  open();
  store_many("a", 100);
  keep(kPg, 50, {50});
  ASSERT_TRUE(spool().move_cursor(kPg, 80).ok());
  ASSERT_TRUE(spool().sync().ok());
  close();
  for (const auto& file : fs::directory_iterator(settings_.path)) {
    const std::size_t place = testing::content_of(file.path()).find("a_check");
    if (file.path().extension() == ".log" && place != std::string::npos) {
      testing::FaultyFileSystem::flip(file.path(), place);
    }
  }
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_EQ(leaves_after(0).size(), 100U);
    EXPECT_LT(spool().cursor(kPg), 50U) << "it is offered again";
    EXPECT_THAT(lost(), IsEmpty());
  }
}

TEST_F(SpoolLetterDamage, AfterTheMetaKeysWentWithTheirTableTheLettersAreKnownAgain) {
  open();
  store_many("a", 10);
  keep(kPg, 10, {3, 4});
  close();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, families.at("default")));
    for (at->Seek("letter/"); at->Valid() && at->key().starts_with("letter/"); at->Next()) {
      ASSERT_TRUE(database.Delete({}, families.at("default"), at->key()).ok());
    }
  });
  open();
  EXPECT_THAT(listed(kPg), ElementsAre(3, 4));
  EXPECT_EQ(spool().stats().damaged_copies, 0U);
  close();
  put_garbage(kPg, 3);
  open();
  EXPECT_THAT(listed(kPg), ElementsAre(3, 4));
}

}  // namespace
}  // namespace twinlog
