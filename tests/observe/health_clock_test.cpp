#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

HealthState state_at(microseconds offset) {
  HealthFacts facts = well_facts();
  postgres_of(facts).courier.clock_offset = offset;
  return judged(facts, "clock").state;
}

TEST(HealthClock, ItIsDegradedAboveTwoSecondsAndNotAt) {
  constexpr microseconds kTwo = seconds{2};
  for (const int sign : {1, -1}) {
    EXPECT_EQ(state_at(sign * (kTwo - microseconds{1})), HealthState::kOk);
    EXPECT_EQ(state_at(sign * kTwo), HealthState::kOk);
    EXPECT_EQ(state_at(sign * (kTwo + microseconds{1})), HealthState::kDegraded);
  }
}

TEST(HealthClock, ItSaysWhoseClockIsOffByHowMuchAndInWhichDirection) {
  HealthFacts facts = well_facts();
  postgres_of(facts).courier.clock_offset = -seconds{15};
  const HealthComponent clock = judged(facts, "clock");
  EXPECT_THAT(clock.diagnosis, AllOf(HasSubstr("clock of PostgreSQL is 15 s behind"), Not(HasSubstr("culprit"))));
  EXPECT_THAT(clock.action, HasSubstr("chronyc tracking"));
}

TEST(HealthClock, WhereBothStoresDisagreeInOneDirectionOursIsTheLikelyCulprit) {
  HealthFacts facts = well_facts();
  postgres_of(facts).courier.clock_offset = seconds{15};
  mongodb_of(facts).courier.clock_offset = seconds{15};
  EXPECT_THAT(judged(facts, "clock").diagnosis, HasSubstr("this host's own clock is the likely culprit"));
}

TEST(HealthClock, AnOldMeasurementIsForgotten) {
  HealthFacts facts = well_facts();
  postgres_of(facts).courier.clock_offset = seconds{15};
  postgres_of(facts).courier.clock_measured_at = facts.steady_now - kClockKnownFor - seconds{1};
  mongodb_of(facts).courier.clock_offset.reset();
  const HealthComponent clock = judged(facts, "clock");
  EXPECT_EQ(clock.state, HealthState::kOk);
  EXPECT_THAT(clock.diagnosis, HasSubstr("Not measured"));
}

TEST(ClockOffset, ItIsTheStoresClockMinusTheMiddleOfAskingAndBeingAnswered) {
  EXPECT_EQ(clock_offset_of(1'000'500, 1'000'000, 1'000'200), microseconds{400});
  EXPECT_EQ(clock_offset_of(1'000'000, 1'000'500, 1'000'500), microseconds{-500});
  EXPECT_TRUE(clock_offset_of(0, 0, kLongestClockQuestion.count()).has_value());
  EXPECT_FALSE(clock_offset_of(0, 0, kLongestClockQuestion.count() + 1).has_value());
  EXPECT_FALSE(clock_offset_of(0, 1, 0).has_value());  // Our clock was set back meanwhile.
}

}  // namespace
}  // namespace twinlog::testing
