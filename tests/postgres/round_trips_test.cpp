// The number of round trips of a flush does not depend on its size (issue: at most five).
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::TestAgent;

constexpr int kEvents = 1000;
constexpr int kAccounts = 600;
constexpr std::uint64_t kMostRoundTrips = 5;

std::string user(int i) {
  return "user-" + std::to_string(i % kAccounts);
}

/// 1,000 failures over 600 accounts, two per account for most; `variant` goes into the content.
std::vector<AuthEvent> failures(const std::string& variant) {
  std::vector<AuthEvent> events;
  for (int i = 0; i < kEvents; ++i) {
    events.push_back(event_of(user(i), "login_failed", "log-" + std::to_string(i), 100 + i));
    events.back().service = variant;
  }
  return events;
}

TEST(PostgresRoundTrips, OneEventTakesThree) {
  const Database database;
  TestAgent agent(database);
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "a")}).round_trips, 3U);
}

TEST(PostgresRoundTrips, AThousandEventsOverSixHundredAccountsTakeThree) {
  const Database database;
  TestAgent agent(database);
  const FlushReport report = agent.deliver(failures("web"));
  EXPECT_EQ(report.round_trips, 3U);
  EXPECT_EQ(report.accounts, static_cast<std::uint64_t>(kAccounts));
}

TEST(PostgresRoundTrips, ConflictsAndRecountsOfAllOfThemTakeFive) {
  const Database database;
  TestAgent agent(database);
  agent.deliver(failures("web"));
  std::vector<AuthEvent> events = failures("mobile");
  for (int i = 0; i < kAccounts; ++i) {
    events.push_back(event_of(user(i), "lockout_reset", "late-" + std::to_string(i), 1));
  }
  const FlushReport report = agent.deliver(events);
  EXPECT_EQ(report.conflicts, static_cast<std::uint64_t>(kEvents));
  EXPECT_EQ(report.recounts, static_cast<std::uint64_t>(kAccounts));
  EXPECT_EQ(report.round_trips, kMostRoundTrips);
  EXPECT_EQ(testing::account(database, {"acme", "id:user-0"})->failed_login_attempts, 4);
}

}  // namespace
}  // namespace twinlog
