#include "tests/spool/letter_damage_fixture.h"

#include <rocksdb/db.h>

#include <memory>

#include "spool/dead_letter_codec.h"

namespace twinlog::testing {

namespace fs = std::filesystem;

LetterDamageTest::LetterDamageTest() {
  for (std::uint64_t leaf = 2; leaf <= 50; ++leaf) {
    many_.push_back(leaf);
  }
}

void LetterDamageTest::keep(StoreId store, std::uint64_t cursor, const std::vector<std::uint64_t>& leaves) {
  std::vector<DeadLetter> letters;
  for (const std::uint64_t leaf : leaves) {
    letters.push_back(letter_of(leaf));
    kept_[leaf] = letters.back();
  }
  ASSERT_TRUE(spool().keep_dead_letters(store, cursor, letters).ok());
}

void LetterDamageTest::discard(StoreId store, std::uint64_t leaf) {
  const Settlement discarded{.kind = Settlement::Kind::kDiscarded, .by = {clock_.utc_now(), "maria", "a test"}};
  ASSERT_TRUE(spool().settle_dead_letters(store, {&leaf, 1}, discarded).ok());
}

void LetterDamageTest::close_in_tables() {
  close();
  open();
  close();
}

void LetterDamageTest::trim_all() {
  deliver_all();
  settle();
  ASSERT_GT(spool().stats().first_kept_leaf, spool().last_leaf());
  close();
  with_database([](rocksdb::DB& database, const Families& families) {
    const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator({}, families.at("events")));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      ASSERT_TRUE(database.Delete({}, families.at("events"), at->key()).ok());
    }
  });
  open();
}

std::vector<std::uint64_t> LetterDamageTest::listed(StoreId store) {
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

std::vector<LeafRange> LetterDamageTest::lost() {
  std::vector<LeafRange> ranges;
  for (const Loss& loss : spool().stats().losses) {
    ranges.push_back(loss.leaves);
  }
  return ranges;
}

std::set<std::string> LetterDamageTest::folders() const {
  std::set<std::string> names;
  for (const auto& file : fs::directory_iterator(settings_.path)) {
    if (file.is_directory()) {
      names.insert(file.path().filename().string());
    }
  }
  return names;
}

void LetterDamageTest::put_garbage(StoreId store, std::uint64_t leaf) {
  with_database([&](rocksdb::DB& database, const Families& families) {
    rocksdb::ColumnFamilyHandle* letters = families.at("dead_letters");
    ASSERT_TRUE(database.Put({}, letters, dead_letter_key(store, leaf), "no letter").ok());
    ASSERT_TRUE(database.CompactRange({}, letters, nullptr, nullptr).ok());
  });
}

std::vector<fs::path> LetterDamageTest::letter_tables() {
  std::vector<fs::path> found;
  with_database([&](rocksdb::DB& database, const Families& /*families*/) {
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

void LetterDamageTest::damage_first_blocks() {
  const std::vector<fs::path> tables = letter_tables();
  ASSERT_FALSE(tables.empty());
  for (const fs::path& table : tables) {
    FaultyFileSystem::flip(table, 20);
  }
}

}  // namespace twinlog::testing
