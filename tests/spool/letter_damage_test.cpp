// Dead letters whose bytes come back wrong, or not at all: the cursor has passed their events, so each of them is there
// again, made anew from its event, or on record as lost for its store.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <filesystem>

#include "spool/check_spool.h"
#include "spool/dead_letter_codec.h"
#include "tests/spool/letter_damage_fixture.h"
#include "tests/spool/spool_image.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_event;
using ::testing::Not;
using ::testing::SizeIs;
using D = Disposition;
constexpr StoreId kPg = StoreId::kPostgres;
constexpr StoreId kDocs = StoreId::kMongodb;

using SpoolLetterDamage = testing::LetterDamageTest;

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
