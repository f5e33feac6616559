#include "spool/fill_rate.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

using std::chrono::seconds;
using TimePoint = std::chrono::steady_clock::time_point;

TEST(FillRate, TellsWhenTheLimitIsReachedAtTheRateOfTheLastMinute) {
  FillRate rate;
  for (int second = 0; second <= 30; ++second) {
    rate.note(TimePoint(seconds{second}), 1000 + 10 * static_cast<std::uint64_t>(second));
  }
  EXPECT_EQ(rate.until(2300), seconds{100});
}

TEST(FillRate, ASpoolThatDoesNotGrowIsNeverFull) {
  FillRate rate;
  EXPECT_FALSE(rate.until(100).has_value());
  rate.note(TimePoint(seconds{0}), 50);
  EXPECT_FALSE(rate.until(100).has_value());
  rate.note(TimePoint(seconds{1}), 50);
  EXPECT_FALSE(rate.until(100).has_value());
  rate.note(TimePoint(seconds{2}), 40);
  EXPECT_FALSE(rate.until(100).has_value());
}

TEST(FillRate, WhatIsOlderThanAMinuteCountsNoMore) {
  FillRate rate;
  rate.note(TimePoint(seconds{0}), 0);
  rate.note(TimePoint(seconds{10}), 1000);
  rate.note(TimePoint(seconds{70}), 1600);
  EXPECT_EQ(rate.until(2600), seconds{100});
}

TEST(FillRate, WhatWasForgottenCountsNoMore) {
  FillRate rate;
  rate.note(TimePoint(seconds{0}), 0);
  rate.forget();
  rate.note(TimePoint(seconds{1}), 1000);
  EXPECT_FALSE(rate.until(2000).has_value());
  rate.note(TimePoint(seconds{2}), 1010);
  EXPECT_EQ(rate.until(2010), seconds{100});
}

TEST(FillRate, AtTheLimitNoTimeIsLeft) {
  FillRate rate;
  rate.note(TimePoint(seconds{0}), 0);
  rate.note(TimePoint(seconds{1}), 100);
  EXPECT_EQ(rate.until(100), seconds{0});
  EXPECT_EQ(rate.until(50), seconds{0});
}

}  // namespace
}  // namespace twinlog
