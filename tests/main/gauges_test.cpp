#include "agent/cli/gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace twinlog {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

Look look_of(std::uint64_t leaves, std::uint64_t delivered, std::uint64_t waiting, double age) {
  Look look;
  look.at = std::chrono::steady_clock::time_point(seconds{100 + leaves / 1000});
  look.view.ledger.leaves = leaves;
  HealthView::Store store;
  store.name = "postgres";
  store.is_connected = true;
  store.delivered = delivered;
  store.backlog_events = waiting;
  store.oldest_age_seconds = age;
  look.view.stores = {store};
  store.name = "mongodb";
  store.is_enabled = false;
  look.view.stores.push_back(store);
  look.view.spool.size_bytes = 1U << 30U;
  look.view.spool.max_bytes = 2U << 30U;
  return look;
}

std::size_t marks(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name);
  const std::string line = text.substr(at, text.find('\n', at) - at);
  return static_cast<std::size_t>(std::ranges::count(line, '#'));
}

TEST(Gauges, TheFirstLookHasNoRates) {
  EXPECT_EQ(gauges_text(look_of(1000, 900, 0, 0), std::nullopt, 80, Colours::kOff),
            "taken     a rate needs a second look\n"
            "postgres  [..........................] lag 0.0 s, 0 waiting\n"
            "spool     [#############.............] 50 % of 2.0 GiB\n\n");
}

TEST(Gauges, TheSecondSaysWhatWasCountedBetweenThem) {
  const std::string text =
      gauges_text(look_of(3000, 1900, 7, 2), look_of(1000, 900, 0, 0), 80, Colours::kOff);  // Two seconds.
  EXPECT_THAT(text, HasSubstr("taken     1,000 events/s\n"));
  EXPECT_THAT(text, HasSubstr("lag 2.0 s, 7 waiting, 500 delivered/s\n"));
  EXPECT_THAT(text, Not(HasSubstr("mongodb"))) << "it is turned off";
}

TEST(Gauges, ACountThatBeganAnewGivesNoRate) {
  const std::string text = gauges_text(look_of(3000, 10, 0, 0), look_of(1000, 900, 0, 0), 80, Colours::kOff);
  EXPECT_THAT(text, Not(HasSubstr("delivered")));
}

TEST(Gauges, ALagsBarGrowsWithItAndIsFullAtAnHour) {
  const auto at = [](double age) {
    return marks(gauges_text(look_of(1, 1, 1, age), std::nullopt, 99, Colours::kOff), "postgres");
  };
  EXPECT_EQ(at(0), 0U);
  EXPECT_GT(at(1), 0U);
  EXPECT_GT(at(60), at(1));
  EXPECT_GT(at(3600), at(60));
  EXPECT_EQ(at(3600), 32U);
  EXPECT_EQ(at(1e9), 32U);
}

TEST(Gauges, NoLineIsWiderThanTheTerminal) {
  for (const std::size_t columns : {20U, 30U, 40U, 80U, 200U}) {
    std::istringstream lines(
        gauges_text(look_of(9000, 9000, 123456, 7000), look_of(1000, 0, 0, 0), columns, Colours::kOff));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), std::max<std::size_t>(columns, 21)) << line;
    }
  }
}

TEST(Gauges, ColoursSayWhatNeedsALook) {
  const auto with = [](double age) { return gauges_text(look_of(1, 1, 1, age), std::nullopt, 80, Colours::kOn); };
  EXPECT_THAT(with(1), HasSubstr("\x1b[1;32m"));
  EXPECT_THAT(with(60), HasSubstr("\x1b[1;33m"));
  EXPECT_THAT(with(600), HasSubstr("\x1b[1;31m"));
}

}  // namespace
}  // namespace twinlog
