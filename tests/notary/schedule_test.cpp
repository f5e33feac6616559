#include "agent/notary/schedule.h"

#include <gtest/gtest.h>

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

const Schedule::TimePoint kStart{std::chrono::hours{1}};
constexpr SchedulePace kPace{.checkpoint_every = 10s, .idle_every = 5min, .most_leaves = 100};

/// An epoch that began at kStart, with its first heartbeat behind it.
Schedule after_the_first() {
  Schedule schedule(kPace);
  schedule.began(kStart);
  schedule.signed_at(2, kStart + 10s);
  return schedule;
}

TEST(NotarySchedule, TheFirstHeartbeatComesThoughNothingHappens) {
  Schedule schedule(kPace);
  schedule.began(kStart);
  EXPECT_FALSE(schedule.is_due(kStart + 9'999ms));
  EXPECT_TRUE(schedule.is_due(kStart + 10s));
}

TEST(NotarySchedule, AnIdleAgentBeatsEveryIdleEvery) {
  const Schedule schedule = after_the_first();
  EXPECT_FALSE(schedule.is_due(kStart + 10s + 5min - 1ms));
  EXPECT_TRUE(schedule.is_due(kStart + 10s + 5min));
}

TEST(NotarySchedule, TheFirstLeafThatNoneCoversCountsAndNotTheLast) {
  Schedule schedule = after_the_first();
  schedule.grown_to(3, kStart + 60s);
  schedule.grown_to(4, kStart + 69s);
  EXPECT_FALSE(schedule.is_due(kStart + 69'999ms));
  EXPECT_TRUE(schedule.is_due(kStart + 70s));
}

TEST(NotarySchedule, ALeafShortlyBeforeAnIdleHeartbeatDoesNotPutItOff) {
  Schedule schedule = after_the_first();
  schedule.grown_to(3, kStart + 10s + 5min - 1s);
  EXPECT_TRUE(schedule.is_due(kStart + 10s + 5min));
}

TEST(NotarySchedule, ManyLeavesAreCoveredAtOnce) {
  Schedule schedule = after_the_first();
  schedule.grown_to(101, kStart + 11s);
  EXPECT_FALSE(schedule.is_due(kStart + 11s));
  schedule.grown_to(102, kStart + 11s);
  EXPECT_TRUE(schedule.is_due(kStart + 11s));
}

TEST(NotarySchedule, TheLeavesOfTheTreeBeforeDoNotCountInTheNextOne) {
  Schedule schedule = after_the_first();
  schedule.grown_to(5000, kStart + 11s);
  schedule.began(kStart + 12s);
  EXPECT_FALSE(schedule.is_due(kStart + 12s));
}

TEST(NotarySchedule, WhatCannotBeDoneIsPutOffHoweverManyLeavesWait) {
  Schedule schedule = after_the_first();
  schedule.grown_to(5000, kStart + 11s);
  schedule.put_off(kStart + 11s);
  EXPECT_FALSE(schedule.is_due(kStart + 20s));
  EXPECT_TRUE(schedule.is_due(kStart + 21s));
}

}  // namespace
}  // namespace twinlog::testing
