#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <limits>
#include <memory>

#include "spool/layout.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::make_event;
using D = Disposition;

class SpoolCursor : public testing::SpoolTest {
 protected:
  void SetUp() override {
    settings_.keep_delivered = minutes{15};
    open();
    store_many("e", 100);
  }
  /// What a build from before the ledger did for a spool that was set back.
  void skip_to(std::uint64_t leaf) {
    with_database([leaf](rocksdb::DB& database, const testing::Families& families) {
      ASSERT_TRUE(database.Put({}, families.at("default"), rocksdb::Slice(kSkippedToKey), number_value(leaf)).ok());
    });
  }
};

TEST_F(SpoolCursor, EachStoreHasItsOwn) {
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 60).ok());
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 60U);
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 0U);
  EXPECT_EQ(leaves_after(spool().cursor(StoreId::kPostgres)).front(), 61U);
  EXPECT_EQ(leaves_after(spool().cursor(StoreId::kMongodb)).front(), 1U);
}

TEST_F(SpoolCursor, BothComeBackAfterARestartAndIdentityAndLeavesToo) {
  const SpoolIdentity before = spool().identity();
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 60).ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 7).ok());
  open();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 60U);
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 7U);
  EXPECT_EQ(spool().last_leaf(), 100U);
  EXPECT_EQ(spool().identity().epoch_id, before.epoch_id);
  EXPECT_EQ(spool().identity().log_id_key, before.log_id_key);
  EXPECT_EQ(leaves_after(0).size(), 100U);
}

TEST_F(SpoolCursor, NeverStandsBeyondTheLastLeaf) {
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 5000).ok());
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 100U);
}

TEST_F(SpoolCursor, GoesBackForAStoreThatForgotButNotBelowWhatIsKept) {
  deliver_all_up_to(50);
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  ASSERT_TRUE(maintain_after(minutes{16}).ok());
  ASSERT_EQ(spool().stats().first_kept_leaf, 51U);
  deliver_all_up_to(80);
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 70).ok());
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 70U);
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 10).ok());
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 50U);
  EXPECT_EQ(spool().cursor(StoreId::kMongodb), 80U);
}

TEST_F(SpoolCursor, WhatIsDeliveredStaysForKeepDeliveredAndNoLonger) {
  deliver_all();
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  ASSERT_TRUE(maintain_after(minutes{14}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 1U);
  EXPECT_EQ(offer_one(testing::make_event("e0-1")), D::kDuplicate);
  ASSERT_TRUE(maintain_after(minutes{2}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 101U);
  EXPECT_TRUE(leaves_after(0).empty());
}

TEST_F(SpoolCursor, NothingIsTrimmedThatOneStoreStillNeeds) {
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 100).ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 30).ok());
  const auto maintain_for_days = [this] {
    for (int hour = 0; hour < 100; ++hour) {
      ASSERT_TRUE(maintain_after(minutes{60}).ok());
    }
  };
  maintain_for_days();
  EXPECT_EQ(spool().stats().first_kept_leaf, 31U);
  EXPECT_EQ(leaves_after(spool().cursor(StoreId::kMongodb)).size(), 70U);
  // The other one is behind now.
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 100).ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 50).ok());
  maintain_for_days();
  EXPECT_EQ(spool().stats().first_kept_leaf, 51U);
  EXPECT_EQ(leaves_after(spool().cursor(StoreId::kPostgres)).size(), 50U);
}

TEST_F(SpoolCursor, ARewindStartsTheTimeOfKeepingAnew) {
  deliver_all();
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  ASSERT_TRUE(maintain_after(minutes{10}).ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 20).ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 100).ok());
  ASSERT_TRUE(maintain_after(minutes{6}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 21U);
  ASSERT_TRUE(maintain_after(minutes{16}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 101U);
}

TEST_F(SpoolCursor, ATrimmedRepeatIsStoredAgainUnderANewLeaf) {
  const AcceptedEvent event = testing::make_event("e0-1");
  ASSERT_EQ(offer_one(event), D::kDuplicate);
  deliver_all();
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  ASSERT_TRUE(maintain_after(minutes{16}).ok());
  EXPECT_EQ(offer_one(event), D::kStored);
  EXPECT_EQ(spool().last_leaf(), 101U);
  EXPECT_EQ(offer_one(event), D::kDuplicate);
}

TEST_F(SpoolCursor, AfterTrimmingEverythingTheLeavesGoOnCountingAlsoOverARestart) {
  deliver_all();
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  ASSERT_TRUE(maintain_after(minutes{16}).ok());
  open();
  EXPECT_EQ(spool().last_leaf(), 100U);
  EXPECT_EQ(spool().stats().first_kept_leaf, 101U);
  ASSERT_EQ(offer_one(make_event("next")), D::kStored);
  EXPECT_THAT(leaves_after(spool().cursor(StoreId::kPostgres)), ElementsAre(101));
}

TEST_F(SpoolCursor, WithoutKeepDeliveredTheNextMaintenanceTrims) {
  settings_.keep_delivered = milliseconds{0};
  open();
  deliver_all_up_to(40);
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 41U);
}

TEST_F(SpoolCursor, OnlyTheStoresInUseHoldTheTrimming) {
  settings_.keep_delivered = milliseconds{0};
  settings_.stores = {StoreId::kMongodb};
  open();
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 100).ok());
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 101U);
}

TEST_F(SpoolCursor, WhatIsAskedForGoesAtOnceAsFarAsAllStoresHaveIt) {
  deliver_all_up_to(40);
  spool().trim_delivered(60);
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 41U);
  deliver_all();
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 61U);
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  EXPECT_EQ(spool().stats().first_kept_leaf, 61U);
}

TEST_F(SpoolCursor, WhatIsDroppedIsInNoFileAnyMoreAndTheRestIsThere) {
  deliver_all_up_to(50);
  spool().trim_delivered(50);
  ASSERT_TRUE(maintain_after(seconds{1}).ok());
  ASSERT_TRUE(spool().drop_trimmed().ok());
  EXPECT_EQ(leaves_after(50).size(), 50U);
  close();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    const std::unique_ptr<rocksdb::Iterator> all(database.NewIterator({}, families.at("events")));
    all->SeekToFirst();
    ASSERT_TRUE(all->Valid());
    EXPECT_EQ(leaf_of_event_key(all->key().ToStringView()), 51U);
    std::size_t ids = 0;
    const std::unique_ptr<rocksdb::Iterator> each(database.NewIterator({}, families.at("ids")));
    for (each->SeekToFirst(); each->Valid(); each->Next(), ++ids) {
      EXPECT_GT(leaf_of_id_value(each->value().ToStringView()), 50U);
    }
    EXPECT_EQ(ids, 50U);
  });
  open();
  EXPECT_EQ(leaves_after(50).size(), 50U);
}

TEST_F(SpoolCursor, WhatAStoreMayLackIsKeptByItsEarliestTimeAndOverARestart) {
  EXPECT_FALSE(spool().stats().incomplete_since[0].has_value());
  ASSERT_TRUE(spool().note_incomplete(StoreId::kMongodb, 500).ok());
  ASSERT_TRUE(spool().note_incomplete(StoreId::kMongodb, 900).ok());
  ASSERT_TRUE(spool().note_incomplete(StoreId::kPostgres, -7).ok());
  open();
  EXPECT_EQ(spool().stats().incomplete_since[static_cast<std::size_t>(StoreId::kMongodb)], 500);
  EXPECT_EQ(spool().stats().incomplete_since[static_cast<std::size_t>(StoreId::kPostgres)], -7);
}

TEST_F(SpoolCursor, NumbersThatAnOlderBuildSkippedAreNotGivenOutAndNothingWaitsForThem) {
  close();
  skip_to(500);
  open();
  EXPECT_EQ(spool().last_leaf(), 100U);
  ASSERT_EQ(offer_one(make_event("next")), D::kStored);
  ASSERT_EQ(offer_one(make_event("after")), D::kStored);
  EXPECT_THAT(leaves_after(99), ElementsAre(100, 501, 502));
}

TEST_F(SpoolCursor, SyncMakesAMoveDurableAtOnce) {
  const std::uint64_t before = spool().stats().syncs;
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 5).ok());
  EXPECT_EQ(spool().stats().syncs, before);
  ASSERT_TRUE(spool().sync().ok());
  EXPECT_EQ(spool().stats().syncs, before + 1);
}

TEST_F(SpoolCursor, NothingIsReadBehindTheGreatestNumber) {
  EXPECT_TRUE(leaves_after(100).empty());
  EXPECT_TRUE(leaves_after(std::numeric_limits<std::uint64_t>::max()).empty());
}

TEST_F(SpoolCursor, AfterCloseItIsKnownButNothingIsRead) {
  deliver_all_up_to(60);
  spool().close();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 60U);
  EXPECT_EQ(spool().last_leaf(), 100U);
  EXPECT_FALSE(spool().read(60, 10, 1U << 20U).has_value());
  EXPECT_TRUE(spool().move_cursor(StoreId::kPostgres, 70).ok());
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 70U);
  open();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 60U);
  EXPECT_EQ(leaves_after(60).size(), 40U);
}

TEST_F(SpoolCursor, AHoleThatIsNotOnRecordIsALossAndOneThatIsStaysWhatItIs) {
  open();
  store_many("a", 5);
  close();
  skip_to(10);
  open();
  store_many("b", 5);
  ASSERT_TRUE(spool().note_missing({1, 15}).ok());
  EXPECT_TRUE(spool().stats().losses.empty());
  close();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    EXPECT_TRUE(database.Delete({}, families.at("events"), event_key(3)).ok());
  });
  for (int start = 0; start < 2; ++start) {
    open();
    ASSERT_TRUE(spool().note_missing({1, 15}).ok());
    ASSERT_EQ(spool().stats().losses.size(), 1U);
    EXPECT_EQ(spool().stats().losses.front().leaves, (LeafRange{3, 3}));
    EXPECT_TRUE(spool().stats().incomplete_since[0].has_value());
  }
}

TEST_F(SpoolCursor, TimesOfAcceptanceNeverFallWhateverTheClockDoes) {
  settings_.keep_delivered = std::chrono::milliseconds(0);
  open();
  const auto accept = [this](const char* log_id, UtcMicros at) {
    const std::vector<AcceptedEvent> events = {make_event(log_id)};
    const CommitRequest request{.events = events};
    EXPECT_TRUE(spool().commit({&request, 1}, at).has_value());
    return spool().read(spool().last_leaf() - 1, 1, 1)->front().received_at;
  };
  const UtcMicros start = testing::kReceivedAt;
  EXPECT_EQ(accept("first", start + 2), start + 2);
  EXPECT_EQ(accept("clock went back", start + 1), start + 2);
  deliver_all();
  settle();
  ASSERT_GT(spool().stats().first_kept_leaf, spool().last_leaf()) << "nothing is left to tell the time";
  open();
  EXPECT_EQ(accept("after a start", start + 1), start + 2);
  EXPECT_EQ(accept("later", start + 3), start + 3);
}

TEST_F(SpoolCursor, AClosedSpoolStaysClosed) {
  open();
  store_many("a", 1);
  spool().close();
  EXPECT_THAT(offer({make_event("b")}), ::testing::IsEmpty());
  EXPECT_FALSE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_THAT(offer({make_event("b")}), ::testing::IsEmpty());
}

}  // namespace
}  // namespace twinlog
