#include "ledger/base/clock.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

TEST(UtcText, IsRfc3339ToTheSecondRoundedDownFromTheFirstYearToTheLast) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(utc_text(1'790'000'000'999'999), "2026-09-21T14:13:20Z");
  EXPECT_EQ(utc_text(-62'135'596'800'000'000), "0001-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(253'402'300'799'999'999), "9999-12-31T23:59:59Z");
}

TEST(UtcText, WithMicrosecondsLosesNothing) {
  EXPECT_EQ(utc_micros_text(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(utc_micros_text(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(utc_micros_text(1'790'000'000'000'045), "2026-09-21T14:13:20.000045Z");
  EXPECT_EQ(utc_micros_text(-62'135'596'800'000'000), "0001-01-01T00:00:00.000000Z");
  EXPECT_EQ(utc_micros_text(253'402'300'799'999'999), "9999-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace twinlog
