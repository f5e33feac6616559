// What a courier tells of itself, for the health page: connection, row of failures, next try, the store's clock.
#include <vector>

#include "tests/pipeline/rig.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

TEST(CourierStatus, ItIsConnectedSinceTheConnectionWasMadeAndNotSinceTheLastProbe) {
  Rig rig;
  rig.run_for(1s);
  const auto since = rig.to_postgres->status().connected_since;
  ASSERT_TRUE(since.has_value());
  rig.run_for(1min);
  EXPECT_EQ(rig.to_postgres->status().connected_since, since);
  rig.postgres.go_away();
  rig.run_for(1min);
  EXPECT_FALSE(rig.to_postgres->status().connected_since.has_value());
  rig.postgres.come_back();
  rig.run_for(31s);
  EXPECT_GT(rig.to_postgres->status().connected_since, since);
}

TEST(CourierStatus, ARowOfFailuresHasItsFirstAndItsLastTimeAndTheNextTry) {
  Rig rig;
  rig.postgres.refuse_with(StoreError{.reaction = Reaction::kHold, .code = "28P01", .constraint = "", .words = "no"});
  const UtcMicros before = rig.clock.utc_now();
  rig.submit("held");
  rig.run_for(95s);  // Tried at once and every 30 s.
  const CourierStatus status = rig.to_postgres->status();
  EXPECT_EQ(status.failures_in_a_row, 4U);
  EXPECT_GE(status.first_failure_at, before);
  EXPECT_NEAR(static_cast<double>(status.last_failure_at - status.first_failure_at), 90e6, 1e6);
  ASSERT_TRUE(status.next_try_at.has_value());
  EXPECT_GT(*status.next_try_at, rig.clock.steady_now());
  EXPECT_LE(*status.next_try_at, rig.clock.steady_now() + 30s);
  EXPECT_FALSE(status.is_error_ours);
}

TEST(CourierStatus, ItTellsThatItDrains) {
  Rig rig;
  EXPECT_FALSE(rig.to_postgres->status().is_draining);
  rig.to_postgres->drain({});
  EXPECT_TRUE(rig.to_postgres->status().is_draining);
  rig.to_postgres->drain({.last_leaf = 0});  // Nothing waits for it.
  EXPECT_FALSE(rig.to_postgres->status().is_draining);
}

TEST(CourierStatus, ASuccessEndsTheRow) {
  Rig rig;
  rig.postgres.lose_replies(1);
  rig.submit("lost-once");
  rig.run_for(31s);
  const CourierStatus status = rig.to_postgres->status();
  EXPECT_FALSE(status.last_error.has_value());
  EXPECT_FALSE(status.next_try_at.has_value());
  EXPECT_EQ(status.failures_in_a_row, 0U);
}

TEST(CourierStatus, WhereNothingWaitsAConnectionEndsTheRow) {
  Rig rig;
  rig.postgres.go_away();
  rig.run_for(1min);
  EXPECT_TRUE(rig.to_postgres->status().last_error.has_value());
  rig.postgres.come_back();
  rig.run_for(31s);
  EXPECT_FALSE(rig.to_postgres->status().last_error.has_value());
  EXPECT_EQ(rig.to_postgres->status().failures_in_a_row, 0U);
  EXPECT_EQ(rig.log.count("store_recovered"), 1U);
}

TEST(CourierStatus, WhereAnEventWaitsAConnectionAloneDoesNotEndTheRow) {
  Rig rig;
  rig.postgres.refuse_with(StoreError{.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "gone"});
  rig.submit("refused-again");
  rig.run_for(5min);
  EXPECT_GT(rig.to_postgres->status().failures_in_a_row, 5U);
}

/// Takes a second of simulated time for every flush, and notes when its clock was asked. (A fake: time is virtual
/// here.)
class SlowStore final : public Store {
 public:
  explicit SlowStore(VirtualClock& clock) : clock_(clock) {}
  StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> epochs) override {
    asked_.push_back(clock_.steady_now());
    return std::vector<std::optional<AgentPosition>>(epochs.size(), position_);
  }
  bool is_connected() const override { return !asked_.empty(); }
  StoreResult<FlushReport> flush(const FlushBatch& batch) override {
    clock_.advance(1s);
    position_ = batch.position;
    return FlushReport{};
  }
  StoreResult<bool> has_record(const EventKey& /*key*/) override { return true; }
  void disconnect() override {}
  std::optional<std::chrono::microseconds> clock_offset() const override { return 3s; }
  const std::vector<std::chrono::steady_clock::time_point>& asked() const { return asked_; }

 private:
  VirtualClock& clock_;
  std::optional<AgentPosition> position_;
  std::vector<std::chrono::steady_clock::time_point> asked_;
};

TEST(CourierStatus, TheStoresClockIsAskedWhileTheStoreIsBusyToo) {
  Rig rig;
  SlowStore store(rig.clock);
  CourierSettings settings;
  settings.pace.batch_events = 1;
  Courier courier(settings,
                  {.spool = *rig.spool, .store = store, .clock = rig.clock, .random = rig.random, .log = rig.log});
  for (int i = 0; i < 100; ++i) {
    rig.submit("busy-" + std::to_string(i));
  }
  while (courier.backlog() > 0) {
    EXPECT_EQ(courier.step(), 0ms);
  }
  ASSERT_EQ(store.asked().size(), 4U);  // At the start, and after 30, 60 and 90 of a hundred seconds without a pause.
  EXPECT_EQ(store.asked()[2] - store.asked()[1], Courier::kBusyProbe);
  EXPECT_EQ(courier.status().clock_offset, 3s);
  EXPECT_EQ(courier.status().clock_measured_at, store.asked().back());
}

TEST(CourierStatus, AnOffsetThatCannotBeMeasuredLeavesTheLastOne) {
  Rig rig;
  rig.postgres.set_clock_offset(3s);
  rig.run_for(1s);
  const auto measured_at = rig.to_postgres->status().clock_measured_at;
  rig.postgres.set_clock_offset(std::nullopt);
  rig.run_for(1min);
  EXPECT_EQ(rig.to_postgres->status().clock_offset, 3s);
  EXPECT_EQ(rig.to_postgres->status().clock_measured_at, measured_at);
}

/// Lets nobody in, after longer than a loop may stand still.
class LockedStore final : public Store {
 public:
  explicit LockedStore(VirtualClock& clock) : clock_(clock) {}
  StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> /*epochs*/) override {
    clock_.advance(std::chrono::minutes{2});
    return StoreError{.reaction = Reaction::kRetry, .code = "", .constraint = "", .words = "locked"};
  }
  bool is_connected() const override { return false; }
  StoreResult<FlushReport> flush(const FlushBatch& /*batch*/) override {
    return StoreError{.reaction = Reaction::kRetry, .code = "", .constraint = "", .words = "not connected"};
  }
  StoreResult<bool> has_record(const EventKey& /*key*/) override { return true; }
  void disconnect() override {}

 private:
  VirtualClock& clock_;
};

TEST(CourierTicks, ACallOfTheStoreThatTakesMinutesIsNoStandstill) {
  Rig rig;
  LockedStore store(rig.clock);
  Courier courier({}, {.spool = *rig.spool, .store = store, .clock = rig.clock, .random = rig.random, .log = rig.log});
  courier.step();
  EXPECT_TRUE(courier.has_ticked_since(rig.clock.steady_now()));
  rig.clock.advance(std::chrono::milliseconds{1});
  EXPECT_FALSE(courier.has_ticked_since(rig.clock.steady_now()));
}

}  // namespace
}  // namespace twinlog::testing
