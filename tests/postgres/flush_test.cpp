#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::account;
using testing::conflicts;
using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::keys_of;
using testing::records;
using testing::select;
using testing::TestAgent;

AuthEvent with_service(AuthEvent event, const std::string& service) {
  event.service = service;
  return event;
}

TEST(PostgresFlush, StoresEachRecordOnceAndTellsHowMany) {
  const Database database;
  TestAgent agent(database);
  const FlushReport report = agent.deliver({event("logout", "b"), event("logout", "a"), event("mfa_failed", "c")});
  EXPECT_EQ(report.inserted, 3U);
  EXPECT_EQ(report.duplicates, 0U);
  EXPECT_EQ(report.conflicts, 0U);
  EXPECT_EQ(report.accounts, 0U);
  EXPECT_EQ(report.round_trips, 2U);
  EXPECT_EQ(select(*database.session(), "SELECT log_id, event_type, has_conflict FROM auth_logs ORDER BY 1"),
            (std::vector<std::string>{"(a,logout,f)", "(b,logout,f)", "(c,mfa_failed,f)"}));
}

TEST(PostgresFlush, ARepeatChangesNothing) {
  const Database database;
  TestAgent agent(database);
  const auto versions = agent.accept_all({event("logout", "a"), event_of("u", "login_failed", "b")});
  agent.flush(versions);
  const auto before = select(*database.session(), "SELECT *, xmin, ctid FROM auth_logs ORDER BY log_id");
  const FlushReport report = agent.flush(versions);
  EXPECT_EQ(report.duplicates, 2U);
  EXPECT_EQ(report.inserted + report.conflicts + report.accounts, 0U);
  EXPECT_EQ(select(*database.session(), "SELECT *, xmin, ctid FROM auth_logs ORDER BY log_id"), before);
  EXPECT_EQ(account(database, {"acme", "id:u"})->failed_login_attempts, 1);
}

TEST(PostgresFlush, AnotherAgentsCopyOfTheSameContentKeepsTheFirstAcceptance) {
  const Database database;
  TestAgent first(database, "first");
  TestAgent second(database, "second");
  const auto versions = first.accept_all({event("logout", "a")});
  first.flush(versions);
  EXPECT_EQ(second.deliver({event("logout", "a")}).duplicates, 1U);
  EXPECT_EQ(records(database, keys_of(versions)).at(0).version, versions[0]);
}

TEST(PostgresFlush, AnotherContentIsKeptBesideTheRecordOnce) {
  const Database database;
  TestAgent agent(database);
  const auto original = agent.accept_all({with_service(event("logout", "a"), "one")});
  const auto other = agent.accept_all({with_service(event("logout", "a"), "two")});
  agent.flush(original);
  EXPECT_EQ(agent.flush(other).conflicts, 1U);
  const FlushReport again = agent.flush(other);
  EXPECT_EQ(again.conflicts, 0U);
  EXPECT_EQ(again.duplicates, 1U);
  const auto record = records(database, keys_of(original));
  EXPECT_TRUE(record.at(0).has_conflict);
  EXPECT_EQ(record.at(0).version, original[0]);
  const auto beside = conflicts(database, keys_of(original));
  ASSERT_EQ(beside.size(), 1U);
  EXPECT_EQ(beside[0].version, other[0]);
}

TEST(PostgresFlush, AThirdContentIsKeptToo) {
  const Database database;
  TestAgent agent(database);
  for (const char* const service : {"one", "two", "three"}) {
    agent.deliver({with_service(event("logout", "a"), service)});
  }
  EXPECT_EQ(conflicts(database, {{"acme", "a"}}).size(), 2U);
  EXPECT_EQ(records(database, {{"acme", "a"}}).at(0).version.event.service, "one");
}

TEST(PostgresFlush, InOneBatchTheFirstAcceptedIsTheRecordAndTheOthersConflicts) {
  const Database database;
  TestAgent agent(database);
  const auto versions =
      agent.accept_all({with_service(event("logout", "a"), "one"), with_service(event("logout", "a"), "two"),
                        with_service(event("logout", "a"), "one"), with_service(event("logout", "a"), "three")});
  const FlushReport report = agent.flush(versions);
  EXPECT_EQ(report.inserted, 1U);
  EXPECT_EQ(report.conflicts, 2U);
  EXPECT_EQ(report.duplicates, 1U);
  const auto record = records(database, {{"acme", "a"}});
  EXPECT_EQ(record.at(0).version, versions[0]);
  EXPECT_TRUE(record.at(0).has_conflict);
}

TEST(PostgresFlush, AVersionSentAsAConflictMayBeTheRecordByNow) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({with_service(event("logout", "a"), "two")});
  const FlushReport report =
      agent.deliver({with_service(event("logout", "a"), "one"), with_service(event("logout", "a"), "two")});
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(conflicts(database, {{"acme", "a"}}).at(0).version.event.service, "one");
}

TEST(PostgresFlush, AConflictThatOnlyTheBatchShowsMarksAnOlderRecord) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({with_service(event("logout", "a"), "one")});
  agent.deliver({with_service(event("logout", "a"), "one"), with_service(event("logout", "a"), "two")});
  EXPECT_TRUE(records(database, {{"acme", "a"}}).at(0).has_conflict);
}

TEST(PostgresFlush, TheSameLogIdOfAnotherTenantIsAnotherRecord) {
  const Database database;
  TestAgent agent(database);
  AuthEvent other = event("logout", "a");
  other.tenant_id = "other";
  EXPECT_EQ(agent.deliver({event("logout", "a"), other}).inserted, 2U);
}

TEST(PostgresFlush, WritesThePositionWithTheBatch) {
  const Database database;
  TestAgent agent(database);
  const auto before = agent.connect();
  ASSERT_TRUE(before.ok());
  EXPECT_FALSE(before->front().has_value());
  agent.deliver({event("logout", "a", 5), event("logout", "b", 3)});
  agent.deliver({event("logout", "c", 4)});
  agent.store().disconnect();
  const auto position = agent.connect().value().front();
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->last_leaf, 3U);
  EXPECT_EQ(position->flushed_at, testing::kNoon);
  EXPECT_EQ(position->newest_effective_at, testing::kNoon + 5'000'000);
  EXPECT_EQ(select(*database.session(), "SELECT agent, last_leaf_index, closed_at FROM twinlog_agents"),
            std::vector<std::string>{"(agent,3,)"});
}

TEST(PostgresFlush, APositionThatArrivesLateDoesNotSetItBack) {
  const Database database;
  TestAgent agent(database);
  const auto early = agent.accept_all({event("logout", "a"), event("logout", "b")});
  const auto late = agent.accept_all({event("logout", "c")});
  agent.flush(early);
  agent.flush(late);
  agent.flush(early);
  EXPECT_EQ(agent.flush(late).duplicates, 1U);  // Nor is the store taken for one that was restored.
  EXPECT_EQ(agent.connect().value().front()->last_leaf, 3U);
}

TEST(PostgresFlush, APositionThatIsNotAsItWasLeftStopsTheFlushAndNothingIsWritten) {
  for (const char* change : {"DELETE FROM twinlog_agents", "UPDATE twinlog_agents SET last_leaf_index = 1"}) {
    const Database database;
    TestAgent agent(database);
    agent.deliver({event("logout", "a"), event("logout", "b")});
    execute(*database.session(), {change});
    const auto versions = agent.accept_all({event("logout", "c")});
    EXPECT_EQ(agent.failing_flush(versions).reaction, Reaction::kReconnect) << change;
    EXPECT_FALSE(agent.store().is_connected());
    EXPECT_TRUE(records(database, keys_of(versions)).empty());
    EXPECT_EQ(agent.flush(versions).inserted, 1U);
  }
}

TEST(PostgresFlush, APositionThatAppearedWhereNoneWasStopsTheFlushToo) {
  const Database database;
  TestAgent agent(database);
  ASSERT_TRUE(agent.connect().ok());
  execute(*database.session(), {"INSERT INTO twinlog_agents (epoch_id, agent, last_leaf_index, flushed_at, "
                                "newest_effective_at) VALUES ('" +
                                uuid_text(agent.epoch()) + "', 'clone', 9, now(), now())"});
  EXPECT_EQ(agent.failing_flush(agent.accept_all({event("logout", "a")})).reaction, Reaction::kReconnect);
}

TEST(PostgresFlush, WithoutAConnectionNothingIsDone) {
  const Database database;
  TestAgent agent(database);
  const auto versions = agent.accept_all({event("logout", "a")});
  const auto result = agent.store().flush({.epoch_id = agent.epoch(), .versions = versions, .position = {}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reaction, Reaction::kReconnect);
}

}  // namespace
}  // namespace twinlog
