#include "agent/observe/refusals.h"

#include <gmock/gmock.h>

#include "tests/support/simulation.h"

namespace twinlog {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::size_t kTenantMissing = kRejectionCauses;  // The first cause of the second field.

class RefusalsOfAWay : public ::testing::Test {
 protected:
  /// A second later so many more were taken, so many events rejected.
  void pass(std::uint64_t taken, std::uint64_t rejected, std::uint64_t peers = 0) {
    clock_.advance(seconds{1});
    counts_[0].taken += taken;
    counts_[0].refused[kTenantMissing] += rejected;
    counts_[0].refused.back() += peers;
    refusals_.step(counts_, {.uid = 1001, .gid = 7});
  }
  RefusedLately lately() const { return refusals_.lately(Transport::kUnix); }

  testing::VirtualClock clock_;
  testing::KeptLog log_;
  Refusals refusals_{clock_, log_};
  std::array<WayCounts, kTransports> counts_{};
};

TEST_F(RefusalsOfAWay, MostOfAMinuteRefusedIsMostly) {
  pass(10, 10);
  EXPECT_FALSE(is_refused_mostly(lately()));
  pass(0, 1);
  EXPECT_TRUE(is_refused_mostly(lately()));
  EXPECT_EQ(lately(), (RefusedLately{.taken = 10, .refused = 11, .most_often = kTenantMissing, .times = 11}));
  EXPECT_EQ(refusal_words(lately().most_often), "tenant_id missing");
  EXPECT_FALSE(is_refused_mostly(refusals_.lately(Transport::kHttp)));
}

TEST_F(RefusalsOfAWay, FewRefusedMayBeATrial) {
  pass(0, Refusals::kFew - 1);
  EXPECT_FALSE(is_refused_mostly(lately()));
  pass(0, 1);
  EXPECT_TRUE(is_refused_mostly(lately()));
}

TEST_F(RefusalsOfAWay, ItIsOverWhenAMinuteBroughtEnoughThatIsTaken) {
  pass(0, 100);
  pass(1, 0);
  EXPECT_TRUE(is_refused_mostly(lately()));
  for (int i = 0; i <= Refusals::kWindow.count(); ++i) {
    pass(0, 0);
  }
  EXPECT_EQ(lately().refused, 0U);
  EXPECT_FALSE(is_refused_mostly(lately()));
}

TEST_F(RefusalsOfAWay, ARareSenderThatIsAlwaysRefusedIsSeenAcrossMinutes) {
  for (std::uint64_t i = 0; i < Refusals::kFew; ++i) {
    pass(0, 1);
    clock_.advance(2 * Refusals::kWindow);
  }
  pass(0, 0);
  EXPECT_TRUE(is_refused_mostly(lately()));
  pass(1, 0);
  EXPECT_FALSE(is_refused_mostly(lately()));
  pass(0, Refusals::kFew);
  clock_.advance(Refusals::kRemembered);
  pass(0, 0);
  EXPECT_FALSE(is_refused_mostly(lately()));
}

TEST_F(RefusalsOfAWay, RejectedEventsAreToldAtOnceAndThenInSumsThatMissNone) {
  pass(0, 5);
  EXPECT_EQ(log_.count("events_rejected"), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("tenant_id missing"));
  for (int i = 0; i < 59; ++i) {
    pass(0, 7);
  }
  EXPECT_EQ(log_.count("events_rejected"), 1U);
  pass(0, 7);
  EXPECT_EQ(log_.count("events_rejected"), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("420"));
  pass(0, 1);
  refusals_.tell_all();
  EXPECT_EQ(log_.count("events_rejected"), 3U);
}

TEST_F(RefusalsOfAWay, PeersThatAreNotLetInAreToldOfWithTheIdsOfTheLast) {
  pass(0, 0, 2);
  EXPECT_EQ(log_.count("peer_refused"), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("1001"));
  pass(0, 0, 40);
  EXPECT_EQ(log_.count("peer_refused"), 1U);
  clock_.advance(Refusals::kTellEvery);
  pass(0, 0);
  EXPECT_EQ(log_.count("peer_refused"), 2U);
  EXPECT_THAT(log_.text(), HasSubstr("40"));
  EXPECT_EQ(refusal_words(kRefusals - 1), "peers");
  EXPECT_TRUE(is_refused_mostly(lately()));
}

}  // namespace
}  // namespace twinlog
