#include <gmock/gmock.h>

#include "spool/sizes.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::EventOptions;
using testing::make_event;
using D = Disposition;

TEST(Room, TheFourBaseTypesAreTakenUpToTheReserve) {
  const Room room(1000, 50, 0);
  EXPECT_TRUE(room.takes(EventRole::kFailed, 950));
  EXPECT_FALSE(room.takes(EventRole::kFailed, 951));
}

TEST(Room, OthersAreTakenUpToNineTenths) {
  const Room room(1000, 50, 0);
  EXPECT_TRUE(room.takes(EventRole::kOther, 900));
  EXPECT_FALSE(room.takes(EventRole::kOther, 901));
}

TEST(SpoolSizes, WhatFlushesWriteFitsTheReserveWhateverTheSpoolTakes) {
  for (const std::uint64_t max_bytes : {16ULL << 20U, 64ULL << 20U, 2ULL << 30U, 1ULL << 40U}) {
    RocksSpoolSettings settings;
    settings.max_bytes = max_bytes;
    const SpoolSizes sizes = sizes_for(settings);
    EXPECT_LE(2 * sizes.write_buffer + sizes.id_level + 2 * sizes.write_buffer, sizes.reserve) << max_bytes;
    EXPECT_LE(sizes.all_logs + sizes.ballast + 2 * sizes.manifest, max_bytes / 10) << max_bytes;
    EXPECT_LE(sizes.block_cache + sizes.all_write_buffers, 64U << 20U) << max_bytes;
  }
}

/// On the fake disk for speed only: its syncs cost nothing, its sizes are real.
class SpoolRoom : public testing::FaultySpoolTest {
 protected:
  SpoolRoom() {
    settings_.keep_delivered = std::chrono::hours{24};
    open();
  }
  const EventOptions other_{.event_type = "logout", .username = "maria", .filler_bytes = 12000};
  const EventOptions small_{.event_type = "login_success", .username = "maria", .filler_bytes = 100};
  const EventOptions base_{.event_type = "login_failed", .username = "maria", .filler_bytes = 12000};
};

TEST_F(SpoolRoom, AboveNineTenthsOnlyTheFourBaseTypesAreTaken) {
  ASSERT_GT(fill_up(other_), 200U);
  EXPECT_FALSE(spool().stats().is_full);
  for (const char* type : {"login_failed", "login_success", "lockout_reset", "account_locked"}) {
    EXPECT_EQ(offer_one(make_event(type, {.event_type = type})), D::kStored) << type;
  }
  EXPECT_EQ(offer_one(make_event("more", other_)), D::kBusy);
}

TEST_F(SpoolRoom, AFullSpoolTakesNothingMoreAndStaysWithinItsLimit) {
  fill_up(other_);
  ASSERT_GT(fill_up(base_), 20U);
  fill_up(small_);
  EXPECT_LE(most_disk_bytes_, settings_.max_bytes);
  EXPECT_TRUE(spool().stats().is_full);
  EXPECT_TRUE(spool().stats().writable);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(offer_one(make_event("again" + std::to_string(i), base_)), D::kBusy);
  }
  settle();
  EXPECT_LE(spool().stats().disk_bytes, settings_.max_bytes);
}

TEST_F(SpoolRoom, DuplicatesAreAnsweredAlsoWhenFull) {
  ASSERT_EQ(offer_one(make_event("first", base_)), D::kStored);
  fill_up(base_);
  EXPECT_THAT(offer({make_event("first", base_), make_event("new", base_)}), ElementsAre(D::kDuplicate, D::kBusy));
  EXPECT_THAT(offer({make_event("first", base_)}, Atomicity::kWhole), ElementsAre(D::kDuplicate));
}

TEST_F(SpoolRoom, ARequestThatDoesNotFitAsAWholeIsRefusedAsAWhole) {
  ASSERT_EQ(offer_one(make_event("first", base_)), D::kStored);
  fill_up(other_);
  const std::uint64_t last = spool().last_leaf();
  const std::vector<AcceptedEvent> mixed = {make_event("first", base_), make_event("b", base_),
                                            make_event("o", other_)};
  EXPECT_THAT(offer(mixed, Atomicity::kWhole), Each(D::kBusy));
  EXPECT_EQ(spool().last_leaf(), last);
  EXPECT_THAT(offer(mixed), ElementsAre(D::kDuplicate, D::kStored, D::kBusy));
}

TEST_F(SpoolRoom, AnotherRequestOfTheSameCallIsTakenBesideARefusedOne) {
  fill_up(other_);
  const std::vector<AcceptedEvent> refused = {make_event("r", other_)};
  const std::vector<AcceptedEvent> taken = {make_event("t", base_)};
  const std::vector<CommitRequest> requests = {{.events = refused, .atomicity = Atomicity::kWhole},
                                               {.events = taken, .atomicity = Atomicity::kWhole}};
  const auto answers = spool().commit(requests, testing::kReceivedAt);
  ASSERT_TRUE(answers.has_value());
  EXPECT_THAT(*answers, ElementsAre(ElementsAre(D::kBusy), ElementsAre(D::kStored)));
}

TEST_F(SpoolRoom, DrainingMakesRoomWithoutHelpAndBeforeKeepDeliveredIsOver) {
  fill_up(base_);
  const std::size_t waiting = leaves_after(0).size();
  ASSERT_GT(waiting, 200U);
  deliver_all();
  EXPECT_TRUE(shrinks_below(settings_.max_bytes * 85 / 100));
  EXPECT_EQ(offer_one(make_event("new", other_)), D::kStored);
  EXPECT_GT(fill_up(base_), 100U);
}

TEST_F(SpoolRoom, FullOverARestartIsStillFullAndStillDrains) {
  fill_up(base_);
  open();  // Rolls the logs up into tables, which can leave room for some more.
  fill_up(base_);
  fill_up(small_);
  EXPECT_TRUE(spool().stats().is_full);
  deliver_all();
  EXPECT_TRUE(shrinks_below(settings_.max_bytes * 85 / 100));
  EXPECT_FALSE(spool().stats().is_full);
  EXPECT_EQ(offer_one(make_event("new", base_)), D::kStored);
}

TEST_F(SpoolRoom, ShortOfRoomItKeepsWhatIsNotDelivered) {
  fill_up(base_);
  const std::uint64_t last = spool().last_leaf();
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, last).ok());
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, last / 2).ok());
  settle();
  EXPECT_LE(spool().stats().first_kept_leaf, last / 2 + 1);
  EXPECT_EQ(leaves_after(spool().cursor(StoreId::kMongodb)).size(), last - last / 2);
}

}  // namespace
}  // namespace twinlog
