// Tables of dead letters that are damaged, or gone: a compaction that met one would stop the whole database, so each is
// looked at before any begins.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "spool/database.h"
#include "tests/spool/letter_damage_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
constexpr StoreId kPg = StoreId::kPostgres;
constexpr StoreId kDocs = StoreId::kMongodb;

using SpoolLetterTableDamage = testing::LetterDamageTest;

TEST_F(SpoolLetterTableDamage, OfABlockCostsNoLetterThatLiesElsewhereOrWhoseEventIsThere) {
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

TEST_F(SpoolLetterTableDamage, OfTablesThatAreToBeMergedEndsNoStart) {
  open();
  store_many("a", 100, {.filler_bytes = 900});
  keep(kPg, 100, many_);
  close_in_tables();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    const auto again = [&](const char* family) {
      const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, families.at(family)));
      for (at->SeekToFirst(); at->Valid(); at->Next()) {
        ASSERT_TRUE(database.Put({}, families.at(family), at->key(), at->value()).ok());
      }
    };
    for (int tables = 0; tables < 2; ++tables) {
      again("dead_letters");
      ASSERT_TRUE(database.Flush({}, families.at("dead_letters")).ok());
    }
    again("default");  // Stays in the log: what is put back from there is written before letters are looked at.
  });
  damage_first_blocks();
  fs::create_directory(settings_.path + "/aside");  // As an opening leaves it that was cut short.
  for (const auto& file : fs::directory_iterator(settings_.path)) {
    if (const fs::path& name = file.path().filename(); name.extension() == ".log" || name.extension() == ".sst") {
      fs::create_hard_link(file, settings_.path + "/aside/" + name.string());
    }
  }
  for (int start = 0; start < 3; ++start) {
    open();
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_THAT(listed(kPg), ElementsAreArray(many_));
    EXPECT_TRUE(spool().stats().writable);
  }
}

TEST_F(SpoolLetterTableDamage, OfABlockWithoutTheirEventsIsALossOfThoseInItAlone) {
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

TEST_F(SpoolLetterTableDamage, OfAWholeTableLosesNoneWithoutAWord) {
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

TEST_F(SpoolLetterTableDamage, IsMendedAsWellWhenTheAgentDiedAmidTheMending) {
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

TEST_F(SpoolLetterTableDamage, StaysInAFolderWhenTheAgentDiedBeforeItWasNamed) {
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

bool are_compactions_held(const Database& database) {
  rocksdb::ColumnFamilyDescriptor letters;
  EXPECT_TRUE(database.dead_letters()->GetDescriptor(&letters).ok());
  return letters.options.disable_auto_compactions;
}

TEST_F(SpoolLetterTableDamage, HoldsCompactionsUntilALookHasShownNone) {
  open();
  store_many("a", 10);
  keep(kPg, 5, {3});
  close();
  const DatabaseSetup setup(settings_);
  const Result<std::unique_ptr<Database>> database = Database::open(setup);
  ASSERT_TRUE(database.has_value()) << database.error().message();
  EXPECT_TRUE(are_compactions_held(**database)) << "nobody has looked yet";
  ASSERT_TRUE((*database)->let_letters_compact().ok());
  EXPECT_FALSE(are_compactions_held(**database));
}

TEST_F(SpoolLetterTableDamage, HoldsNoCompactionsOfASpoolThatIsOpen) {
  constexpr std::uint64_t kStarts = 20;
  open();
  store_many("a", kStarts);
  close();
  for (std::uint64_t start = 1; start <= kStarts; ++start) {  // Each makes a table of the letters before.
    open();
    keep(kPg, start, {start});
    keep(kDocs, start, {start});  // So the tables' keys overlap.
    close();
  }
  const auto tables = [this] {
    return std::ranges::count_if(fs::directory_iterator(settings_.path),
                                 [](const auto& file) { return file.path().extension() == ".sst"; });
  };
  open();
  for (int look = 0; look < 1'000 && tables() >= std::ssize(kept_); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_LT(tables(), std::ssize(kept_)) << "tables of letters are never merged";
}

}  // namespace
}  // namespace twinlog
