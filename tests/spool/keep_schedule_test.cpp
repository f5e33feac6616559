#include "spool/keep_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace twinlog {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr KeepSchedule::TimePoint kStart{hours{1}};

TEST(KeepSchedule, ALeafIsDueWhenItHasBeenDeliveredForTheTimeOfKeeping) {
  KeepSchedule schedule(minutes{15});
  schedule.note(kStart, 10);
  schedule.note(kStart + minutes{5}, 20);
  EXPECT_EQ(schedule.due(kStart + minutes{14}), 0U);
  EXPECT_EQ(schedule.due(kStart + minutes{15}), 10U);
  EXPECT_EQ(schedule.due(kStart + minutes{19}), 10U);
  EXPECT_EQ(schedule.due(kStart + minutes{20}), 20U);
}

TEST(KeepSchedule, NothingIsDueLaterThanAStepAfterItsTime) {
  for (const milliseconds keep : {milliseconds(seconds{1}), milliseconds(minutes{15}), milliseconds(hours{24})}) {
    KeepSchedule schedule(keep);
    std::uint64_t leaf = 0;
    const milliseconds tick = std::max<milliseconds>(seconds{1}, keep / 500);
    for (KeepSchedule::TimePoint now = kStart; now < kStart + 3 * keep + seconds{10}; now += tick) {
      schedule.note(now, ++leaf);
      const std::uint64_t due = schedule.due(now);
      const auto most_behind = static_cast<std::uint64_t>((keep + keep / 32 + 3 * tick + seconds{2}) / tick);
      EXPECT_LE(leaf - due, most_behind) << keep.count() << " ms, at " << leaf;
      EXPECT_TRUE(due == 0 || leaf - due >= static_cast<std::uint64_t>(keep / tick));
    }
  }
}

TEST(KeepSchedule, WithoutATimeOfKeepingAllIsDueAtOnce) {
  KeepSchedule schedule(milliseconds{0});
  schedule.note(kStart, 10);
  EXPECT_EQ(schedule.due(kStart), 10U);
}

TEST(KeepSchedule, AfterARewindOnlyWhatStaysDeliveredIsDue) {
  KeepSchedule schedule(minutes{15});
  schedule.note(kStart, 100);
  schedule.rewind(40);
  schedule.note(kStart + minutes{1}, 100);
  EXPECT_EQ(schedule.due(kStart + minutes{15}), 40U);
  EXPECT_EQ(schedule.due(kStart + minutes{16}), 100U);
}

}  // namespace
}  // namespace twinlog
