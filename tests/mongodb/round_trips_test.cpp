#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using testing::failed;
using testing::report_of;
using testing::success;
using testing::TestAgent;

/// `count` failures over `accounts` accounts, the first of which starts at `first`.
std::vector<Version> failures(int first, int count, int accounts) {
  std::vector<Version> versions;
  versions.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    versions.push_back(
        failed(first + i).log_id("log-" + std::to_string(first + i)).user("user-" + std::to_string(i % accounts)));
  }
  return versions;
}

class MongodbRoundTrips : public ::testing::Test {
 protected:
  testing::CuttingProxy proxy_{testing::java_server_port()};
  StoreSettings settings_ = testing::settings_for(proxy_.port(), testing::fresh_database());
  TestAgent agent_{settings_, 1};
};

TEST_F(MongodbRoundTrips, AreFiveForFreshEventsOfNewAccounts) {
  proxy_.clear_commands();
  EXPECT_EQ(report_of(agent_.flush(agent_.accept(failures(0, 1, 1)))).round_trips, 5U);
  EXPECT_THAT(proxy_.commands(), ElementsAre("insert twinlog_agents", "insert auth_logs", "find account_lockouts",
                                             "insert account_lockouts", "update twinlog_agents"));
}

TEST_F(MongodbRoundTrips, AreTheSameForOneEventAndAThousandOverSixHundredAccounts) {
  const FlushReport one = report_of(agent_.flush(agent_.accept(failures(0, 1, 1))));
  const FlushReport first = report_of(agent_.flush(agent_.accept(failures(1'000, 1'000, 600))));
  const FlushReport again = report_of(agent_.flush(agent_.accept(failures(2'000, 1'000, 600))));
  EXPECT_EQ(first.inserted, 1'000U);
  EXPECT_EQ(again.accounts, 600U);
  EXPECT_EQ(one.round_trips, 5U);
  EXPECT_EQ(again.round_trips, one.round_trips);
  // One of these accounts existed already, so there are both inserts and replacements.
  EXPECT_EQ(first.round_trips, one.round_trips + 1);
}

TEST_F(MongodbRoundTrips, OfAReplayDoNotGrowWithTheBatch) {
  const auto versions = agent_.accept(failures(0, 1'000, 600));
  report_of(agent_.flush(versions));
  const FlushReport replay = report_of(agent_.flush(versions));
  EXPECT_EQ(replay.duplicates, 1'000U);
  EXPECT_EQ(replay.accounts, 0U);
  EXPECT_EQ(replay.round_trips, 5U);
}

TEST_F(MongodbRoundTrips, OfConflictsAndRecountsDoNotGrowWithTheBatch) {
  report_of(agent_.flush(agent_.accept(failures(1'000, 1'000, 300))));
  std::vector<Version> versions = failures(1'000, 500, 300);
  for (Version& version : versions) {
    version.content_hash[0] = 9;
  }
  for (int i = 0; i < 300; ++i) {
    versions.push_back(success(900 + i).log_id("success-" + std::to_string(i)).user("user-" + std::to_string(i)));
  }
  proxy_.clear_commands();
  const FlushReport report = report_of(agent_.flush(agent_.accept(std::move(versions))));
  EXPECT_EQ(report.conflicts, 500U);
  EXPECT_EQ(report.recounts, 300U);
  EXPECT_THAT(proxy_.commands(),
              ElementsAre("update twinlog_agents", "insert auth_logs", "find auth_logs", "insert auth_log_conflicts",
                          "update auth_logs", "find account_lockouts", "aggregate auth_logs",
                          "aggregate auth_log_conflicts", "update account_lockouts", "update twinlog_agents"));
  EXPECT_EQ(report.round_trips, 10U);
}

TEST_F(MongodbRoundTrips, StayBoundedWhereTheServerTakesFewerWritesAtOnce) {
  // mongo-java-server takes 1,000 writes a command: 2,500 records are three commands.
  const FlushReport report = report_of(agent_.flush(agent_.accept(failures(0, 2'500, 1))));
  EXPECT_EQ(report.inserted, 2'500U);
  EXPECT_EQ(report.round_trips, 7U);
}

}  // namespace
}  // namespace twinlog
