#include "ledger/record/json_events.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "ledger/record/json_number.h"
#include "tests/support/random_event.h"

namespace twinlog {
namespace {

std::string canonical_of(std::string_view json) {
  CanonicalJsonBuilder builder;
  return visit_json(json, builder).ok() ? builder.take() : "corrupt";
}

std::string written(double value) {
  std::string text;
  append_double(text, value);
  return text;
}

// RFC 8785, appendix B.
class NumberOfRfc8785 : public ::testing::TestWithParam<std::pair<std::uint64_t, const char*>> {};

TEST_P(NumberOfRfc8785, IsWrittenAsEcmaScriptDoes) {
  EXPECT_EQ(written(std::bit_cast<double>(GetParam().first)), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    AppendixB, NumberOfRfc8785,
    ::testing::Values(
        std::pair(0x0000000000000000U, "0"), std::pair(0x8000000000000000U, "0"),
        std::pair(0x0000000000000001U, "5e-324"), std::pair(0x8000000000000001U, "-5e-324"),
        std::pair(0x7fefffffffffffffU, "1.7976931348623157e+308"),
        std::pair(0xffefffffffffffffU, "-1.7976931348623157e+308"), std::pair(0x4340000000000000U, "9007199254740992"),
        std::pair(0xc340000000000000U, "-9007199254740992"), std::pair(0x4430000000000000U, "295147905179352830000"),
        std::pair(0x44b52d02c7e14af5U, "9.999999999999997e+22"), std::pair(0x44b52d02c7e14af6U, "1e+23"),
        std::pair(0x44b52d02c7e14af7U, "1.0000000000000001e+23"),
        std::pair(0x444b1ae4d6e2ef4eU, "999999999999999700000"),
        std::pair(0x444b1ae4d6e2ef4fU, "999999999999999900000"), std::pair(0x444b1ae4d6e2ef50U, "1e+21"),
        std::pair(0x3eb0c6f7a0b5ed8cU, "9.999999999999997e-7"), std::pair(0x3eb0c6f7a0b5ed8dU, "0.000001"),
        std::pair(0x41b3de4355555553U, "333333333.3333332"), std::pair(0x41b3de4355555554U, "333333333.33333325"),
        std::pair(0x41b3de4355555555U, "333333333.3333333"), std::pair(0x41b3de4355555556U, "333333333.3333334"),
        std::pair(0x41b3de4355555557U, "333333333.33333343"),
        std::pair(0xbecbf647612f3696U, "-0.0000033333333333333333"),
        std::pair(0x43143ff3c1cb0959U, "1424953923781206.2")));

// ECMA-262, Number::toString, step by step, on the shortest digits as the standard library finds them.
std::string by_ecma_262(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.begin(), buffer.end(), std::fabs(value), std::chars_format::scientific).ptr;
  const std::string text(buffer.begin(), end);
  const std::size_t e = text.find('e');
  std::string s = text.substr(0, e);
  std::erase(s, '.');
  const int k = static_cast<int>(s.size());
  const int n = std::stoi(text.substr(e + 1)) + 1;
  const std::string sign = value < 0 ? "-" : "";
  if (k <= n && n <= 21) {
    return sign + s + std::string(static_cast<std::size_t>(n - k), '0');
  }
  if (0 < n && n <= 21) {
    return sign + s.insert(static_cast<std::size_t>(n), ".");
  }
  if (-6 < n && n <= 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-n), '0') + s;
  }
  return sign + (k == 1 ? s : s.insert(1, ".")) + (n > 0 ? "e+" : "e-") + std::to_string(std::abs(n - 1));
}

TEST(Doubles, AreWrittenByTheStepsOfEcma262AtEveryEdge) {
  using Limits = std::numeric_limits<double>;
  for (const double edge : {0.0, 1.0, 1e21, 1e-6, 1e-7, 1e23, 0x1p53, 0x1p63, 0x1p64, 0.1, 5e-324,
                            123456789012345680000.0, Limits::min(), Limits::max(), Limits::epsilon()}) {
    for (const double value :
         {edge, std::nextafter(edge, 0.0), std::nextafter(edge, Limits::max()), edge - 1, edge + 1}) {
      EXPECT_EQ(written(value), by_ecma_262(value));
      EXPECT_EQ(written(-value), by_ecma_262(-value));
    }
  }
}

TEST(Doubles, OfRandomBitsAreWrittenByTheStepsOfEcma262AndReadBackAsTheyWere) {
  constexpr std::uint64_t kSeed = 262;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 250'000; ++round) {
    std::uint64_t bits = random();
    if (round % 2 == 0) {  // Of all exponents few are written without "e": from 1e-6 to 1e21, some 2^-20 to 2^69.
      bits = (bits & ~(0x7ffULL << 52U)) | ((1003 + random() % 90) << 52U);
    }
    const double value = std::bit_cast<double>(bits);
    if (std::isfinite(value)) {
      ASSERT_EQ(written(value), by_ecma_262(value)) << "seed " << kSeed << " round " << round;
      double again = 0;
      const std::string text = written(value);
      std::from_chars(text.data(), text.data() + text.size(), again);
      ASSERT_EQ(again, value) << "seed " << kSeed << " round " << round;
    }
  }
}

TEST(CanonicalJson, SortsKeysByUtf16CodeUnits) {  // RFC 8785, section 3.2.3
  EXPECT_EQ(canonical_of("{\"\u20ac\":1,\"\\r\":2,\"\ufb33\":3,\"1\":4,\"\U0001F600\":5,\"\u0080\":6,\"\u00f6\":7}"),
            "corrupt")
      << "a control character is not what an event holds";
  EXPECT_EQ(canonical_of("{\"\u20ac\":1,\"\ufb33\":3,\"1\":4,\"\U0001F600\":5,\"\u0080\":6,\"\u00f6\":7}"),
            "{\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001F600\":5,\"\ufb33\":3}");
}

TEST(CanonicalJson, EscapesOnlyWhatItMust) {
  CanonicalJsonBuilder builder;
  builder.string("\u20ac$\x0f\nA'B\"\\\\\"/");
  EXPECT_EQ(builder.take(), "\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
}

TEST(CanonicalJson, KeepsTheLastOfRepeatedKeys) {
  EXPECT_EQ(canonical_of(R"({"a":1,"b":{"c":1,"c":[2]},"a":{"x":null}})"), R"({"a":{"x":null},"b":{"c":[2]}})");
}

TEST(CanonicalJson, WritesNumbersOfEveryFormAlike) {
  EXPECT_EQ(canonical_of("[1.0,1e0,-0,-0.0,0e5,1E2,100,1e20,100000000000000000000,1e-7,9007199254740993]"),
            "[1,1,0,0,0,100,100,100000000000000000000,100000000000000000000,1e-7,9007199254740992]");
}

TEST(CanonicalJson, TakesTheLongNumbersThatAStoreMayPrint) {
  const std::string digits = "17976931348623157" + std::string(292, '0');
  EXPECT_EQ(canonical_of(digits), "1.7976931348623157e+308");
}

TEST(CanonicalJson, TakesEveryKindOfValueAtTheTop) {
  for (const std::string_view json : {"{}", "[]", "null", "true", "false", "0", "\"\"", "[[],{},[[]]]"}) {
    EXPECT_EQ(canonical_of(json), json);
  }
}

TEST(CanonicalJson, IsAFixedPointOfTheWalk) {
  constexpr std::uint64_t kSeed = 8785;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 500; ++round) {
    const std::string json = testing::random_metadata(random, true);
    EXPECT_EQ(canonical_of(json), json) << "seed " << kSeed << " round " << round;
  }
}

class NotJson : public ::testing::TestWithParam<const char*> {};

TEST_P(NotJson, IsCorrupt) {
  EXPECT_EQ(canonical_of(GetParam()), "corrupt");
}

INSTANTIATE_TEST_SUITE_P(Texts, NotJson,
                         ::testing::Values("", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "{1:2}", "{1e5:2}", "01", "1.",
                                           ".5", "+1", "NaN", "Infinity", "1 2", "{} {}", "'a'", "tru", "[1e400]",
                                           "\"\x01\"", "/**/1", "[1}", "{\"a\"}", "{\"a\":}"));

TEST(JsonNumbers, AreRecognisedByTheGrammarOfRfc8259) {
  for (const std::string_view text : {"0", "-0", "10", "1.5", "1e5", "1E+5", "-1.0e-5", "0.0"}) {
    EXPECT_TRUE(is_json_number(text)) << text;
  }
  for (const std::string_view text : {"", "-", "01", "1.", ".1", "1e", "1e+", "+1", "1a", "0x1", "--1"}) {
    EXPECT_FALSE(is_json_number(text)) << text;
  }
}

TEST(JsonNumbers, AreInRangeByTheWayTheyAreWritten) {
  for (const std::string_view text :
       {"9007199254740992", "-9007199254740992", "1e300", "1e-400", "9007199254740993.0", "-0"}) {
    EXPECT_TRUE(is_number_in_range(text)) << text;
  }
  for (const std::string_view text : {"9007199254740993", "-9007199254740993", "1e309", "-1e999999999999999999999"}) {
    EXPECT_FALSE(is_number_in_range(text)) << text;
  }
}

TEST(JsonNumbers, AreIntegersByTheirValue) {
  EXPECT_EQ(integer_value("5"), 5);
  EXPECT_EQ(integer_value("5.0"), 5);
  EXPECT_EQ(integer_value("5e2"), 500);
  EXPECT_EQ(integer_value("5.5"), std::nullopt);
  EXPECT_EQ(integer_value("1e300"), std::nullopt);
  EXPECT_EQ(integer_value("1e400"), std::nullopt);
}

}  // namespace
}  // namespace twinlog
