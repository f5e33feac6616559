#include "ledger/record/timestamp.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace twinlog {
namespace {

class Rfc3339 : public ::testing::TestWithParam<std::pair<std::string_view, UtcMicros>> {};

TEST_P(Rfc3339, IsReadToTheMicrosecond) {
  const auto time = rfc3339_time(GetParam().first);
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(time->range, TimeRange::kWithin);
  EXPECT_EQ(time->micros, GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    Times, Rfc3339,
    ::testing::Values(
        std::pair("1970-01-01T00:00:00Z", 0), std::pair("1970-01-01t00:00:00z", 0),
        std::pair("1970-01-01 00:00:00+00:00", 0), std::pair("1970-01-01T00:00:00-00:00", 0),
        std::pair("1970-01-01T01:00:00+01:00", 0), std::pair("1969-12-31T16:30:00-07:30", 0),
        std::pair("1969-12-31T23:59:59.9999999Z", -1), std::pair("2017-03-27T13:08:09.000Z", 1490620089000000),
        std::pair("2024-02-29T12:00:00.1Z", 1709208000100000),
        std::pair("2024-02-29T12:00:00.1234567890123Z", 1709208000123456),
        std::pair("2016-12-31T23:59:60Z", 1483228799999999), std::pair("2016-12-31T23:59:60.5Z", 1483228799999999),
        std::pair("2017-01-01T00:59:60+01:00", 1483228799999999), std::pair("2020-05-05T05:05:60Z", 1588655159999999),
        std::pair("0001-01-01T00:00:00Z", kEarliestTime), std::pair("0000-12-31T23:30:00-00:30", kEarliestTime),
        std::pair("9999-12-31T23:59:59.999999Z", kLatestTime), std::pair("9999-12-31T23:59:60Z", kLatestTime)));

TEST(Rfc3339Range, EndsWithTheYears0001And9999) {
  EXPECT_EQ(rfc3339_time("0001-01-01T00:00:00+00:01")->range, TimeRange::kBefore);
  EXPECT_EQ(rfc3339_time("0000-01-01T00:00:00Z")->range, TimeRange::kBefore);
  EXPECT_EQ(rfc3339_time("9999-12-31T23:59:59-00:01")->range, TimeRange::kBeyond);
  EXPECT_EQ(rfc3339_time("10000-01-01T00:00:00Z")->range, TimeRange::kBeyond);
  EXPECT_EQ(rfc3339_time("+1000000000-12-31T23:59:59.999999999Z")->range, TimeRange::kBeyond);
}

class NotATime : public ::testing::TestWithParam<std::string_view> {};

TEST_P(NotATime, IsNotRead) {
  EXPECT_FALSE(rfc3339_time(GetParam()).has_value());
}

INSTANTIATE_TEST_SUITE_P(Texts, NotATime,
                         ::testing::Values("", "now", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00Z",
                                           "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
                                           "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-01T24:00:00Z",
                                           "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00.Z",
                                           "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+0100",
                                           "2024-01-01T00:00:00Z ", " 2024-01-01T00:00:00Z", "24-01-01T00:00:00Z",
                                           "+2024-01-01T00:00:00Z", "-2024-01-01T00:00:00Z", "2024-1-1T00:00:00Z",
                                           "2024-01-01T00:00:00ZZ", "10000-02-30T00:00:00Z", "1700000000000"));

struct Epoch {
  std::string_view number;
  UtcMicros micros;
  bool is_seconds;
};
class EpochNumber : public ::testing::TestWithParam<Epoch> {};

TEST_P(EpochNumber, IsMillisecondsFromTenToTheEleventhOnAndSecondsBelow) {
  const EpochTime read = epoch_time(GetParam().number);
  EXPECT_EQ(read.time.range, TimeRange::kWithin) << GetParam().number;
  EXPECT_EQ(read.time.micros, GetParam().micros) << GetParam().number;
  EXPECT_EQ(read.is_seconds, GetParam().is_seconds) << GetParam().number;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, EpochNumber,
    ::testing::Values(
        Epoch{"1700000000123", 1'700'000'000'123'000, false}, Epoch{"1.7e12", 1'700'000'000'000'000, false},
        Epoch{"1700000000123.0", 1'700'000'000'123'000, false}, Epoch{"100000000000", 100'000'000'000'000, false},
        Epoch{"99999999999", 99'999'999'999'000'000, true}, Epoch{"-100000000000", -100'000'000'000'000, false},
        Epoch{"-62135596800000", kEarliestTime, false}, Epoch{"253402300799999", kLatestTime - 999, false},
        Epoch{"1763971210", 1'763'971'210'000'000, true}, Epoch{"0", 0, true}, Epoch{"-0.0", 0, true},
        Epoch{"-1", -1'000'000, true}, Epoch{"-62135596800", kEarliestTime, true},
        Epoch{"1763971210.123456", 1'763'971'210'123'456, true},
        Epoch{"1763971210.9999999", 1'763'971'210'999'999, true}, Epoch{"1.7639712105e9", 1'763'971'210'500'000, true},
        Epoch{"17639712105E-1", 1'763'971'210'500'000, true}, Epoch{"0.00017e+7", 1'700'000'000, true},
        Epoch{"1e-6", 1, true}, Epoch{"1e-7", 0, true}, Epoch{"-1e-7", -1, true}, Epoch{"-0.5", -500'000, true},
        Epoch{"1e-99999999999999999999", 0, true}, Epoch{"253402300799.999999", kLatestTime, true}));

TEST(EpochNumbers, OutsideOfTheYearsAreSaidToBeSo) {
  for (const std::string_view beyond :
       {"253402300800000", "9223372036854775807", "1e400", "253402300800.5", "1700000000000.5", "9007199254740993"}) {
    EXPECT_EQ(epoch_time(beyond).time.range, TimeRange::kBeyond) << beyond;
  }
  for (const std::string_view before :
       {"-62135596800001", "-1e400", "-62135596801", "-62135596800.1", "-99999999999"}) {
    EXPECT_EQ(epoch_time(before).time.range, TimeRange::kBefore) << before;
  }
}

TEST(Infinity, IsAWordInAnyCase) {
  EXPECT_TRUE(is_infinity("infinity"));
  EXPECT_TRUE(is_infinity("Infinity"));
  for (const std::string_view other : {"", "-infinity", "infinit", "infinity ", "inf"}) {
    EXPECT_FALSE(is_infinity(other)) << other;
  }
}

TEST(ImplausibleTimes, LieBefore2000OrOverADayAhead) {
  constexpr UtcMicros kNow = 1'764'000'000'000'000;
  EXPECT_TRUE(is_implausible_time(1'763'971'210'000, kNow)) << "epoch seconds read as milliseconds";
  constexpr UtcMicros kYear2000 = 946'684'800'000'000;
  EXPECT_TRUE(is_implausible_time(kYear2000 - 1, kNow));
  EXPECT_FALSE(is_implausible_time(kYear2000, kNow));
  EXPECT_FALSE(is_implausible_time(kNow + 86'400'000'000, kNow));
  EXPECT_TRUE(is_implausible_time(kNow + 86'400'000'001, kNow));
}

}  // namespace
}  // namespace twinlog
