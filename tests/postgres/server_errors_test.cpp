// Errors that a real server gives by itself, of schemas that it cannot write to and of its own state. Of events:
// refused_test.cpp.
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::TestAgent;
using enum Reaction;

/// Runs commands as the owner, then expects this of a flush of one failure.
void expect_after(const std::vector<std::string>& commands, const StoreError& wanted) {
  const Database database;
  database.migrate();
  execute(*database.session(), commands);
  TestAgent agent(database);
  const StoreError error = agent.failing_flush(agent.accept_all({event_of("u", "login_failed", "a")}));
  EXPECT_EQ(error.code, wanted.code);
  EXPECT_EQ(error.constraint, wanted.constraint);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(wanted.reaction));
}

StoreError wanted(Reaction reaction, const std::string& code, const std::string& constraint = "") {
  return {.reaction = reaction, .code = code, .constraint = constraint, .words = ""};
}

// What the administrator did to the database.

TEST(PostgresRealErrors, AMissingTableHolds) {
  expect_after({"DROP TABLE account_lockouts"}, wanted(kHold, "42P01"));
}

TEST(PostgresRealErrors, AMissingColumnHolds) {
  expect_after({"ALTER TABLE auth_logs DROP COLUMN user_agent"}, wanted(kHold, "42703"));
}

TEST(PostgresRealErrors, AColumnOfAnotherTypeHolds) {
  expect_after({"ALTER TABLE auth_logs ALTER COLUMN user_agent TYPE integer USING NULL"}, wanted(kHold, "42804"));
}

TEST(PostgresRealErrors, AMissingPrimaryKeyHolds) {
  expect_after({"ALTER TABLE auth_logs DROP CONSTRAINT auth_logs_pkey"}, wanted(kHold, "42P10"));
}

TEST(PostgresRealErrors, AUniqueIndexOfTheAdministratorOnAccountsHoldsAsItIsNoOneEventsFault) {
  expect_after({"CREATE UNIQUE INDEX one_per_tenant ON account_lockouts (tenant_id)",
                "INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, log_id, "
                "effective_at, fold_state) VALUES ('acme', 'id:other', 0, 'none', 'x', now(), '')"},
               wanted(kHold, "23505", "one_per_tenant"));
}

TEST(PostgresRealErrors, AMissingPartitionHoldsAsItIsNotTheEventsFault) {
  expect_after({"ALTER TABLE auth_logs RENAME TO before",
                "CREATE TABLE auth_logs (LIKE before INCLUDING DEFAULTS, PRIMARY KEY (tenant_id, log_id)) PARTITION BY "
                "LIST (tenant_id)"},
               wanted(kHold, "23514"));
}

TEST(PostgresRealErrors, ARuleOnTheTableHoldsAsTheServerCannotInsertPastIt) {
  expect_after({"CREATE RULE noted AS ON UPDATE TO auth_logs DO ALSO NOTHING"}, wanted(kHold, "0A000"));
}

/// A trigger on auth_logs that does this.
std::vector<std::string> trigger_that(const std::string& body) {
  return {"CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body + "; RETURN NEW; END $$",
          "CREATE TRIGGER acting BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION acts()"};
}

TEST(PostgresRealErrors, AStatementThatIsNotPreparedInThisSessionConnectsAgain) {
  expect_after(trigger_that("EXECUTE 'EXECUTE never_prepared'"), wanted(kReconnect, "26000"));
}

TEST(PostgresRealErrors, NoMoreSharedMemoryConnectsAgain) {
  expect_after(trigger_that("PERFORM pg_advisory_xact_lock(i) FROM generate_series(1, 1000000) i"),
               wanted(kReconnect, "53200"));
}

TEST(PostgresRealErrors, ALockThatIsHeldIsTriedAgainAsItIs) {
  const Database database;
  database.migrate();
  const auto other = database.session();
  execute(*other, {"CREATE TABLE held (a int)",
                   R"(CREATE FUNCTION wants() RETURNS trigger LANGUAGE plpgsql AS $$
              BEGIN LOCK TABLE held IN EXCLUSIVE MODE NOWAIT; RETURN NEW; END $$)",
                   "CREATE TRIGGER wanting BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION wants()", "BEGIN",
                   "LOCK TABLE held IN EXCLUSIVE MODE"});
  TestAgent agent(database);
  const auto versions = agent.accept_all({event("logout", "a")});
  const StoreError error = agent.failing_flush(versions);
  EXPECT_EQ(error.code, "55P03");
  EXPECT_EQ(error.reaction, kRetry);
  execute(*other, {"ROLLBACK"});
  EXPECT_EQ(agent.flush(versions).inserted, 1U);
}

/// A server of its own that a test may damage, with one account delivered by a plain owner.
class PostgresOwnServer : public ::testing::Test {
 protected:
  PostgresOwnServer() { agent_.deliver({event_of("u", "login_failed", "a")}); }
  void TearDown() override {
    own_.start_again();
    execute(*database_.session(), {"DROP OWNED BY owner_of_trouble CASCADE", "DROP ROLE owner_of_trouble"});
  }

  /// Overwrites one page of a relation while the server is down.
  void overwrite_page(const std::string& relation, std::size_t page, char with) {
    const auto path = testing::select(*database_.session(), "SELECT pg_relation_filepath('" + relation + "') AS p");
    ASSERT_EQ(path.size(), 1U);
    own_.stop();
    const std::string name = own_.folder() + "/data/" + path[0].substr(1, path[0].size() - 2);
    constexpr std::size_t kPageBytes = 8192;
    ASSERT_GT(std::filesystem::file_size(name), page * kPageBytes);
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(page * kPageBytes));
    file << std::string(kPageBytes, with);
    file.close();
    ASSERT_TRUE(file.good());
    own_.start_again();
  }
  void expect_stop(const std::string& code) {
    TestAgent agent(database_, "agent", "owner_of_trouble");
    const StoreError error = agent.failing_flush(agent.accept_all({event_of("u", "login_failed", "b")}));
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(error.reaction, kStop);
  }

  testing::LiveServer& own_ = testing::second_server();
  Database database_{"owner_of_trouble", own_};
  TestAgent agent_{database_, "agent", "owner_of_trouble"};
};

TEST_F(PostgresOwnServer, ADamagedPageOfATableStops) {
  overwrite_page("account_lockouts", 0, 'x');
  expect_stop("XX001");
}

TEST_F(PostgresOwnServer, ALostPageOfAnIndexStops) {
  overwrite_page("auth_logs_pkey", 1, '\0');
  expect_stop("XX002");
}

TEST_F(PostgresOwnServer, AServerThatIsShuttingDownIsWaitedFor) {
  const auto keeps_it_up = database_.session();
  pid_t server = 0;
  std::ifstream(own_.folder() + "/data/postmaster.pid") >> server;
  ASSERT_GT(server, 1);
  ASSERT_EQ(kill(server, SIGTERM), 0);  // PostgreSQL's smart shutdown: it waits for the sessions that there are.
  const auto versions = agent_.accept_all({event("logout", "b")});
  const auto deadline = testing::real_clock().steady_now() + testing::kTestLimit;
  StoreResult<FlushReport> result = FlushReport{};
  while (result.ok() && testing::real_clock().steady_now() < deadline) {
    agent_.store().disconnect();
    result = agent_.try_flush(versions);
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "57P03");
  EXPECT_EQ(result.error().reaction, kReconnect);
  EXPECT_FALSE(agent_.store().is_connected());
}

}  // namespace
}  // namespace twinlog
