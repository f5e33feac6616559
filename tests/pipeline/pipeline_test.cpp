#include <set>

#include "agent/pipeline/drain_request.h"
#include "tests/pipeline/rig.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

TEST(Pipeline, DeliversToBothStoresAfterOneWasAway) {
  Rig rig;
  rig.mongodb.go_away();
  EXPECT_EQ(rig.submit("login-1"), Disposition::kStored);
  rig.run_for(5s);
  EXPECT_EQ(rig.postgres.log_ids(), std::vector<std::string>{"login-1"});
  EXPECT_TRUE(rig.mongodb.log_ids().empty());
  rig.mongodb.come_back();
  rig.run_for(31s);
  EXPECT_EQ(rig.mongodb.log_ids(), std::vector<std::string>{"login-1"});
}

TEST(Pipeline, ALoneEventIsDeliveredWithinTheLingerThoughNothingFollowsIt) {
  Rig rig;
  rig.run_for(1s);
  for (int i = 0; i < 2000; ++i) {
    const std::string id = "lone-" + std::to_string(i);
    ASSERT_EQ(rig.submit(id), Disposition::kStored);
    rig.run_for(60ms);
    ASSERT_EQ(rig.postgres.writes_of(id), 1U) << id;
    ASSERT_EQ(rig.mongodb.writes_of(id), 1U) << id;
  }
}

TEST(Pipeline, ASevenDayOutageLosesNothingAndDeliversOldestFirst) {
  Rig rig;
  rig.postgres.go_away();
  for (int day = 0; day < 7; ++day) {
    ASSERT_EQ(rig.submit("day-" + std::to_string(day)), Disposition::kStored);
    rig.run_for(24h);
  }
  EXPECT_TRUE(rig.postgres.log_ids().empty());
  rig.postgres.come_back();
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids().size(), 7U);
  EXPECT_EQ(rig.to_postgres->backlog(), 0U);
  // Errors were summarised, not repeated: the failures in a row double between two lines.
  EXPECT_LT(rig.log.count("store_flush_failed"), 20U);
}

TEST(Pipeline, ALostReplyIsSentAgainAndDoublesNothing) {
  Rig rig;
  rig.postgres.lose_replies(1);
  rig.submit("once");
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids(), std::vector<std::string>{"once"});
  EXPECT_EQ(rig.postgres.writes_of("once"), 2U);
  EXPECT_EQ(rig.to_postgres->status().duplicates, 1U);
  EXPECT_EQ(rig.to_postgres->backlog(), 0U);
}

TEST(Pipeline, EverythingIsThereAfterARestartInTheMiddle) {
  Rig rig;
  rig.postgres.go_away();
  rig.submit("before");
  rig.run_for(1s);
  rig.restart();
  rig.submit("after");
  rig.postgres.come_back();
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids(), (std::vector<std::string>{"after", "before"}));
  EXPECT_EQ(rig.mongodb.log_ids(), (std::vector<std::string>{"after", "before"}));
}

TEST(Pipeline, ABatchThatIsRefusedAsAWholeHoldsOnlyItsOwnStoreAndSaysSo) {
  Rig rig;
  rig.postgres.refuse_with(StoreError{
      .reaction = Reaction::kHold, .code = "23514", .constraint = "a_check", .words = "the store refuses the batch"});
  rig.submit("bad");
  rig.run_for(10min);
  EXPECT_EQ(rig.mongodb.log_ids(), std::vector<std::string>{"bad"});
  EXPECT_EQ(rig.to_postgres->backlog(), 1U);
  ASSERT_TRUE(rig.to_postgres->status().last_error.has_value());
  EXPECT_EQ(rig.to_postgres->status().last_error->constraint, "a_check");
  rig.postgres.refuse_with(std::nullopt);
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids(), std::vector<std::string>{"bad"});
}

class PipelineBatchSize : public ::testing::TestWithParam<Reaction> {};

TEST_P(PipelineBatchSize, IsHalvedAfterRefusalsForSizeOrTimeAndGrowsAgain) {
  CourierSettings small;
  small.pace.batch_events = 8;
  Rig rig({}, small);
  rig.postgres.go_away();
  for (int i = 0; i < 32; ++i) {
    rig.submit("event-" + std::to_string(i));
  }
  rig.postgres.come_back();
  rig.postgres.refuse_with(
      StoreError{.reaction = GetParam(), .code = "", .constraint = "", .words = "not within the time"});
  rig.run_for(5min);
  rig.postgres.refuse_with(std::nullopt);
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids().size(), 32U);
  EXPECT_GT(rig.to_postgres->status().flushes, 4U);
  EXPECT_EQ(rig.postgres.largest_batch(), 8U);
}

INSTANTIATE_TEST_SUITE_P(Reactions, PipelineBatchSize,
                         ::testing::Values(Reaction::kRetrySmaller, Reaction::kReconnectSmaller),
                         [](const auto& reaction) { return std::string(reaction_text(reaction.param)); });

TEST(Pipeline, BatchesThatAreTooBigForTheTimeOfAFlushShrinkUntilTheyFit) {
  CourierSettings small;
  small.pace.batch_events = 8;
  Rig rig({}, small);
  rig.postgres.refuse_with(
      StoreError{.reaction = Reaction::kReconnectSmaller, .code = "", .constraint = "", .words = "not in time"}, 3);
  for (int i = 0; i < 32; ++i) {
    rig.submit("event-" + std::to_string(i));
  }
  rig.run_for(10min);
  EXPECT_EQ(rig.postgres.log_ids().size(), 32U);
  EXPECT_LE(rig.postgres.largest_batch(), 3U);
}

TEST(Pipeline, AnotherReasonIsLoggedAtOnceAndARepeatedOneEverMoreRarely) {
  Rig rig;
  const auto refuse_for = [&rig](const char* words) {
    rig.postgres.refuse_with(StoreError{.reaction = Reaction::kHold, .code = "", .constraint = "", .words = words});
    rig.run_for(1h);
  };
  rig.submit("held");
  refuse_for("the first reason");
  const std::size_t lines = rig.log.count("store_flush_failed");
  EXPECT_EQ(lines, 7U);  // 1, 2, 4, 8, 16, 32, 64 of about 120 failures.
  refuse_for("the second reason");
  EXPECT_EQ(rig.log.count("store_flush_failed"), lines + 2);  // At once and at 128.
}

class NotingStore final : public Store {
 public:
  StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> epochs) override {
    return std::vector<std::optional<AgentPosition>>(epochs.size());
  }
  bool is_connected() const override { return true; }
  StoreResult<FlushReport> flush(const FlushBatch& /*batch*/) override { return FlushReport{}; }
  StoreResult<bool> has_record(const EventKey& /*key*/) override { return true; }
  void disconnect() override {}
  std::vector<CheckLine> take_notes() override { return std::exchange(notes_, {}); }

 private:
  std::vector<CheckLine> notes_{{.is_problem = true, .text = "CREATE ROLE is to be run"}};
};

TEST(Pipeline, WhatConnectingFoundIsLoggedOnce) {
  Rig rig;
  NotingStore store;
  Courier courier({}, {.spool = *rig.spool, .store = store, .clock = rig.clock, .random = rig.random, .log = rig.log});
  courier.step();
  rig.clock.advance(1min);
  courier.step();
  EXPECT_EQ(rig.log.count("store_note"), 1U);
  EXPECT_NE(rig.log.text().find("CREATE ROLE is to be run"), std::string::npos);
}

TEST(Pipeline, DrainingIgnoresLinger) {
  CourierSettings patient;
  patient.pace.linger = 1h;
  Rig rig({}, patient);
  rig.submit("waits");
  rig.run_for(10s);
  EXPECT_TRUE(rig.postgres.log_ids().empty());
  rig.to_postgres->drain({});
  rig.run_for(10ms);
  EXPECT_EQ(rig.postgres.log_ids(), std::vector<std::string>{"waits"});
}

TEST(Pipeline, ADrainEndsABackoffOnceAndThenKeepsItsLeastEvenWhileEventsComeIn) {
  CourierSettings settings;
  settings.pace.backoff = {.first = 1s, .most = 1h};
  Rig rig({}, settings);
  rig.postgres.go_away();
  rig.submit("first");
  while (rig.to_postgres->status().failures_in_a_row < 12) {
    rig.run_for(1min);
  }
  const std::uint64_t before = rig.to_postgres->status().failures_in_a_row;
  rig.to_postgres->drain({});
  rig.to_postgres->step();
  EXPECT_EQ(rig.to_postgres->status().failures_in_a_row, before + 1);
  for (int i = 0; i < 100; ++i) {  // As when every accepted event wakes it.
    rig.to_postgres->step();
  }
  EXPECT_EQ(rig.to_postgres->status().failures_in_a_row, before + 1);
  rig.run_for(1100ms);
  EXPECT_EQ(rig.to_postgres->status().failures_in_a_row, before + 2);
}

TEST(Pipeline, ADrainEndsWhenWhatWaitedThenIsDelivered) {
  CourierSettings patient;
  patient.pace.linger = 1h;
  Rig rig({}, patient);
  rig.submit("waits");
  rig.to_postgres->drain({.last_leaf = rig.spool->last_leaf()});
  EXPECT_TRUE(rig.to_postgres->is_draining());
  rig.run_for(10ms);
  EXPECT_FALSE(rig.to_postgres->is_draining());
  rig.submit("later");
  rig.run_for(10s);
  EXPECT_EQ(rig.postgres.log_ids(), std::vector<std::string>{"waits"});  // The later one lingers as ever.
}

TEST(Pipeline, ADrainEndsWithItsTimeAndTheBackoffIsAsBefore) {
  CourierSettings settings;
  settings.pace.backoff = {.first = 1s, .most = 1h};
  Rig rig({}, settings);
  rig.postgres.go_away();
  rig.submit("waits");
  rig.to_postgres->drain({.ends_at = rig.clock.steady_now() + 20s});
  rig.run_for(19s);
  EXPECT_TRUE(rig.to_postgres->is_draining());
  const std::uint64_t failures = rig.to_postgres->status().failures_in_a_row;
  EXPECT_GE(failures, 18U);  // Once a second.
  rig.run_for(2s);
  EXPECT_FALSE(rig.to_postgres->is_draining());
  rig.run_for(20min);
  EXPECT_LT(rig.to_postgres->status().failures_in_a_row, failures + 10);
}

TEST(DrainRequest, OneThatHoldsIsKeptAndAfterItsEndTheNextBeginsAnew) {
  VirtualClock clock;
  DrainRequest drain;
  bool holds = false;
  int begun = 0;
  drain.attach([&] { ++begun, holds = true; }, [&] { return holds; });
  EXPECT_FALSE(drain.requested_at().has_value());
  drain.request(clock);
  const auto first = drain.requested_at();
  ASSERT_TRUE(first.has_value());
  clock.advance(1s);
  drain.request(clock);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(drain.requested_at()->utc, first->utc);
  holds = false;
  EXPECT_FALSE(drain.requested_at().has_value());
  drain.request(clock);
  EXPECT_EQ(begun, 2);
  EXPECT_GT(drain.requested_at()->utc, first->utc);
}

TEST(Pipeline, ARepeatIsADuplicateWithinTheMemoryOfTheSpool) {
  Rig rig;
  EXPECT_EQ(rig.submit("same"), Disposition::kStored);
  EXPECT_EQ(rig.submit("same"), Disposition::kDuplicate);
  EXPECT_EQ(rig.submit("same", "login_failed"), Disposition::kConflict);
  EXPECT_EQ(rig.submit("same", "login_failed"), Disposition::kDuplicate);
}

TEST(Backoff, TheDelayLiesBetweenZeroAndTheCeiling) {
  SeededRandom random(1);
  const Backoff backoff{.first = 200ms, .most = 30s};
  std::set<std::chrono::milliseconds> seen;
  for (unsigned failures = 1; failures < 100; ++failures) {
    const auto delay = delay_after(backoff, failures, random.next());
    EXPECT_GE(delay, 0ms);
    EXPECT_LE(delay, ceiling_after(backoff, failures));
    seen.insert(delay);
  }
  EXPECT_GT(seen.size(), 50U);
}

}  // namespace
}  // namespace twinlog::testing
