// Heartbeats, their checkpoints, and what they tell.
#include <gmock/gmock.h>

#include "tests/notary/notary_fixture.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class NotaryHeartbeats : public NotaryTest {};

TEST_F(NotaryHeartbeats, AnIdleAgentBeatsFirstAfterTheShortTimeAndThenEveryLongOne) {
  start();
  run_for(9s);
  EXPECT_EQ(spool().tree().size, 1U);
  run_for(1s);
  EXPECT_EQ(spool().tree().size, 2U);
  run_for(5min - 1s);
  EXPECT_EQ(spool().tree().size, 2U);
  run_for(1s);
  EXPECT_EQ(spool().tree().size, 3U);
  EXPECT_EQ(notary().status().size, 3U);
}

TEST_F(NotaryHeartbeats, OneRidesWithTheCommitThatFindsItDueBehindItsEvents) {
  start();
  run_for(10s);
  commit({make_event("one")});
  const std::uint64_t syncs = spool().stats().commits;
  clock_.advance(10s);
  commit({make_event("two")});
  EXPECT_EQ(spool().stats().commits, syncs + 1);
  const GivenTree tree = trees().at(0);
  EXPECT_EQ(tree.hashes.size(), 5U);
  EXPECT_EQ(tree.notes.back().size, 5U);
  EXPECT_EQ(tree.content<HeartbeatLeaf>(4).tally.accepted, 2U);
}

TEST_F(NotaryHeartbeats, EveryLeafIsCoveredSoonThoughNoCommitFollows) {
  start();
  run_for(10s);
  commit({make_event("one")});
  run_for(10s);
  EXPECT_EQ(notary().status().size, 4U);
}

TEST_F(NotaryHeartbeats, ManyLeavesAreCoveredByTheNextCommit) {
  start();
  run_for(10s);
  commit(make_events("event-", 100));
  EXPECT_EQ(notary().status().size, 2U);
  commit({make_event("one-more")});
  EXPECT_EQ(notary().status().size, 104U);
}

TEST_F(NotaryHeartbeats, ACommitThatTakesNothingIsCoveredLater) {
  start();
  run_for(10s);
  commit({make_event("one")});
  clock_.advance(10s);
  EXPECT_THAT(commit({make_event("one")}), ElementsAre(Disposition::kDuplicate));
  run_for(0s);
  const GivenTree tree = trees().at(0);
  EXPECT_EQ(tree.notes.back().size, tree.hashes.size());
  EXPECT_EQ(tree.own_types(), (std::vector<LeafType>{LeafType::kOpen, LeafType::kHeartbeat, LeafType::kHeartbeat}));
}

TEST_F(NotaryHeartbeats, TheyTellWhatWasAnsweredAndConfirmedInThisTree) {
  answers_ = {.duplicate = 7, .conflict = 7, .rejected = 7, .busy = 7};
  start();
  commit(make_events("event-", 3));
  answers_ = {.duplicate = 8, .conflict = 9, .rejected = 10, .busy = 11};
  ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, 3).ok());
  slept_ = 1min;
  run_for(10s);
  const EpochTally tally = trees().at(0).content<HeartbeatLeaf>(4).tally;
  EXPECT_EQ(tally.previous_checkpoint, 1U);
  EXPECT_EQ(tally.accepted, 3U);
  EXPECT_EQ(tally.duplicate, 1U);
  EXPECT_EQ(tally.conflict, 2U);
  EXPECT_EQ(tally.rejected, 3U);
  EXPECT_EQ(tally.busy, 4U);
  EXPECT_EQ(tally.confirmed_postgres, 3U);
  EXPECT_EQ(tally.confirmed_mongodb, 0U);
  EXPECT_EQ(tally.boottime_micros, 70'000'000U);
}

TEST_F(NotaryHeartbeats, WitnessesGoIntoALeafOnceAMinuteAtMost) {
  witnesses_ = {Witness{.epoch_id = {9}, .size = 5, .root = {1}}};
  start();
  run_for(10s);
  commit({make_event("one")});
  run_for(1min);
  const GivenTree tree = trees().at(0);
  EXPECT_EQ(tree.content<OpenLeaf>(0).witnesses, witnesses_);
  EXPECT_TRUE(tree.content<HeartbeatLeaf>(1).witnesses.empty());
  EXPECT_TRUE(tree.content<HeartbeatLeaf>(3).witnesses.empty());
  commit({make_event("two")});
  run_for(10s);
  EXPECT_EQ(trees().at(0).content<HeartbeatLeaf>(5).witnesses, witnesses_);
}

TEST_F(NotaryHeartbeats, TheLogHasTheFirstTheLastAndNoMoreThanOneForEachShortTime) {
  notary_settings_.pace.most_leaves = 1;
  start();
  for (int i = 0; i < 50; ++i) {
    clock_.advance(100ms);
    commit({make_event("event-" + std::to_string(i))});
  }
  EXPECT_GT(notary().status().checkpoints, 20U);
  EXPECT_EQ(log_.count("checkpoint"), 1U);
  notary().close();
  EXPECT_EQ(log_.count("checkpoint"), 2U);
}

}  // namespace
}  // namespace twinlog::testing
