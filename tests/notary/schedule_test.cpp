#include "agent/notary/schedule.h"

#include <gtest/gtest.h>

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

const Schedule::TimePoint start{std::chrono::hours{1}};
constexpr SchedulePace kPace{.checkpoint_every = 10s, .idle_every = 5min, .most_leaves = 100};

/// An epoch that began at start, with its first heartbeat behind it.
Schedule after_the_first() {
  Schedule schedule(kPace);
  schedule.began(start);
  schedule.signed_at(2, start + 10s);
  return schedule;
}

TEST(NotarySchedule, TheFirstHeartbeatComesThoughNothingHappens) {
  Schedule schedule(kPace);
  schedule.began(start);
  EXPECT_FALSE(schedule.is_due(start + 9'999ms));
  EXPECT_TRUE(schedule.is_due(start + 10s));
}

TEST(NotarySchedule, AnIdleAgentBeatsEveryIdleEvery) {
  const Schedule schedule = after_the_first();
  EXPECT_FALSE(schedule.is_due(start + 10s + 5min - 1ms));
  EXPECT_TRUE(schedule.is_due(start + 10s + 5min));
}

TEST(NotarySchedule, TheFirstLeafThatNoneCoversCountsAndNotTheLast) {
  Schedule schedule = after_the_first();
  schedule.grown_to(3, start + 60s);
  schedule.grown_to(4, start + 69s);
  EXPECT_FALSE(schedule.is_due(start + 69'999ms));
  EXPECT_TRUE(schedule.is_due(start + 70s));
}

TEST(NotarySchedule, ALeafShortlyBeforeAnIdleHeartbeatDoesNotPutItOff) {
  Schedule schedule = after_the_first();
  schedule.grown_to(3, start + 10s + 5min - 1s);
  EXPECT_TRUE(schedule.is_due(start + 10s + 5min));
}

TEST(NotarySchedule, ManyLeavesAreCoveredAtOnce) {
  Schedule schedule = after_the_first();
  schedule.grown_to(101, start + 11s);
  EXPECT_FALSE(schedule.is_due(start + 11s));
  schedule.grown_to(102, start + 11s);
  EXPECT_TRUE(schedule.is_due(start + 11s));
}

TEST(NotarySchedule, TheLeavesOfTheTreeBeforeDoNotCountInTheNextOne) {
  Schedule schedule = after_the_first();
  schedule.grown_to(5000, start + 11s);
  schedule.began(start + 12s);
  EXPECT_FALSE(schedule.is_due(start + 12s));
}

TEST(NotarySchedule, WhatCannotBeDoneIsPutOffHoweverManyLeavesWait) {
  Schedule schedule = after_the_first();
  schedule.grown_to(5000, start + 11s);
  schedule.put_off(start + 11s);
  EXPECT_FALSE(schedule.is_due(start + 20s));
  EXPECT_TRUE(schedule.is_due(start + 21s));
}

}  // namespace
}  // namespace twinlog::testing
