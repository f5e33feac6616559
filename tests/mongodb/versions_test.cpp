#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"

namespace twinlog {
namespace {

using testing::error_of;
using testing::failed;
using testing::read_conflicts;
using testing::read_records;
using testing::report_of;
using testing::TestAgent;

class MongodbVersions : public ::testing::Test {
 protected:
  StoreSettings settings_ = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  TestAgent agent_{settings_, 1};
};

TEST_F(MongodbVersions, AreStoredOnceHoweverOftenTheyAreFlushed) {
  const auto versions = agent_.accept({failed(1), failed(2), failed(3)});
  const FlushReport first = report_of(agent_.flush(versions));
  const FlushReport second = report_of(agent_.flush(versions));
  EXPECT_EQ(first.inserted, 3U);
  EXPECT_EQ(first.duplicates, 0U);
  EXPECT_EQ(second.inserted, 0U);
  EXPECT_EQ(second.duplicates, 3U);
  EXPECT_EQ(read_records(settings_, testing::keys_of(versions)).size(), 3U);
}

TEST_F(MongodbVersions, AreReadBackAsTheyWereAccepted) {
  const auto versions = agent_.accept({failed(1'700'000'000'123'456)});
  report_of(agent_.flush(versions));
  const auto records = read_records(settings_, testing::keys_of(versions));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].version, versions[0]);
  EXPECT_FALSE(records[0].has_conflict);
}

TEST_F(MongodbVersions, OtherContentUnderTheSameKeyIsKeptBesideTheRecordOnce) {
  const auto versions = agent_.accept({failed(1).log_id("x").hash(1), failed(2).log_id("x").hash(2)});
  const FlushReport first = report_of(agent_.flush({&versions[0], 1}));
  const FlushReport second = report_of(agent_.flush({&versions[1], 1}));
  const FlushReport third = report_of(agent_.flush({&versions[1], 1}));
  EXPECT_EQ(first.inserted, 1U);
  EXPECT_EQ(second.conflicts, 1U);
  EXPECT_EQ(third.conflicts, 0U);
  EXPECT_EQ(third.duplicates, 1U);
  const auto records = read_records(settings_, testing::keys_of(versions));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].version, versions[0]);
  EXPECT_TRUE(records[0].has_conflict);
  const auto conflicts = read_conflicts(settings_, testing::keys_of(versions));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].version, versions[1]);
}

TEST_F(MongodbVersions, WithOneKeyInOneBatchTheFirstLeafIsTheRecord) {
  const auto versions = agent_.accept({failed(1).log_id("x").hash(7), failed(1).log_id("x").hash(7),
                                       failed(1).log_id("x").hash(1), failed(1).log_id("x").hash(1)});
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_EQ(report.inserted, 1U);
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_EQ(report.duplicates, 2U);
  const auto records = read_records(settings_, testing::keys_of(versions));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].version, versions[0]);
  const auto conflicts = read_conflicts(settings_, testing::keys_of(versions));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].version, versions[2]);
}

TEST_F(MongodbVersions, TakenByTwoAgentsKeepTheFirstAcceptance) {
  TestAgent other(settings_, 2);
  const auto mine = agent_.accept({failed(1).log_id("x").hash(1)});
  const auto theirs = other.accept({failed(9).log_id("y"), failed(1).log_id("x").hash(1)});
  report_of(agent_.flush(mine));
  EXPECT_EQ(report_of(other.flush(theirs)).duplicates, 1U);
  const auto records = read_records(settings_, testing::keys_of(mine));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].version, mine[0]);
  EXPECT_EQ(testing::read_account(settings_, {"t", "id:u"}).failed_login_attempts, 2);
}

TEST_F(MongodbVersions, OfOneTenantNeverMeetThoseOfAnother) {
  Version here = failed(1).log_id("b");
  Version there = failed(1).log_id("b");
  here.event.tenant_id = "a.b:c~d-e_";
  there.event.tenant_id = "a";
  const auto versions = agent_.accept({here, there});
  EXPECT_EQ(report_of(agent_.flush(versions)).inserted, 2U);
  EXPECT_EQ(read_records(settings_, testing::keys_of(versions)).size(), 2U);
}

TEST_F(MongodbVersions, LeaveThePositionOfTheirAgentBehind) {
  const auto versions = agent_.accept({failed(5), failed(6)});
  report_of(agent_.flush(versions));
  const auto found = agent_.connect();
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->last_leaf, 2U);
  EXPECT_EQ((*found)->newest_effective_at, 6);
  EXPECT_EQ((*found)->flushed_at, agent_.clock().utc_now());
}

TEST_F(MongodbVersions, ReplayedFromAnEarlierLeafDoNotMoveThePositionBack) {
  const auto versions = agent_.accept({failed(5), failed(6)});
  report_of(agent_.flush(versions));
  report_of(agent_.flush({versions.data(), 1}));
  const auto found = agent_.connect();
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->last_leaf, 2U);
}

TEST_F(MongodbVersions, OfAnUnknownEpochHaveNoPosition) {
  const auto found = agent_.connect();
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
}

TEST_F(MongodbVersions, AreNotFlushedWithoutAConnection) {
  const auto versions = agent_.accept({failed(1)});
  agent_.store().disconnect();
  EXPECT_FALSE(agent_.store().is_connected());
  EXPECT_EQ(error_of(agent_.flush(versions)).reaction, Reaction::kReconnect);
}

}  // namespace
}  // namespace twinlog
