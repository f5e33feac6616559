// The codes of the error table, raised by a real server in the middle of a real flush.
#include <functional>
#include <thread>

#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::TestAgent;

struct Raised {
  const char* code;
  Reaction reaction;
};

class PostgresRaised : public ::testing::TestWithParam<Raised> {};

TEST_P(PostgresRaised, ACodeRaisedInAFlushKeepsNothingAndTheNextFlushWorks) {
  const Database database;
  database.migrate();
  execute(*database.session(),
          {std::string(
               "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret words' "
               "USING ERRCODE = '") +
               GetParam().code + "'; END $$",
           "CREATE TRIGGER refusing BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION refuse()"});
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a")});
  const StoreError error = agent.failing_flush(versions);
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(GetParam().reaction));
  EXPECT_EQ(error.words.find("secret"), std::string::npos);
  EXPECT_EQ(agent.store().is_connected(), GetParam().reaction != Reaction::kReconnect);
  execute(*database.session(), {"DROP TRIGGER refusing ON auth_logs"});
  EXPECT_EQ(agent.flush(versions).inserted, 1U);
}

using enum Reaction;
INSTANTIATE_TEST_SUITE_P(Codes, PostgresRaised,
                         ::testing::Values(Raised{"22021", kPoison}, Raised{"22003", kPoison}, Raised{"22P02", kPoison},
                                           Raised{"54001", kPoison}, Raised{"23503", kPoison},
                                           Raised{"40001", kRetrySmaller}, Raised{"53100", kRetrySlowly},
                                           Raised{"53200", kReconnect}, Raised{"58030", kRetrySlowly},
                                           Raised{"26000", kReconnect}, Raised{"08006", kReconnect},
                                           Raised{"P0001", kRetry}, Raised{"XX000", kRetry}, Raised{"XX001", kStop},
                                           Raised{"XX002", kStop}));

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

TEST(PostgresRealErrors, AUniqueIndexOfTheAdministratorIsPoisonByItsName) {
  expect_after({"CREATE UNIQUE INDEX one_per_tenant ON account_lockouts (tenant_id)",
                "INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, log_id, "
                "effective_at, fold_state) VALUES ('acme', 'id:other', 0, 'none', 'x', now(), '')"},
               wanted(kPoison, "23505", "one_per_tenant"));
}

TEST(PostgresRealErrors, ANotNullOfTheAdministratorIsPoison) {
  expect_after({"ALTER TABLE auth_logs ALTER COLUMN user_agent SET NOT NULL"}, wanted(kPoison, "23502"));
}

TEST(PostgresRealErrors, ATextTooLongForAChangedColumnIsPoison) {
  expect_after({"ALTER TABLE auth_logs ALTER COLUMN event_type TYPE varchar(3)"}, wanted(kPoison, "22001"));
}

TEST(PostgresRealErrors, AMissingPartitionHoldsAsItIsNotTheEventsFault) {
  expect_after({"ALTER TABLE auth_logs RENAME TO before",
                "CREATE TABLE auth_logs (LIKE before INCLUDING DEFAULTS, PRIMARY KEY (tenant_id, log_id)) PARTITION BY "
                "LIST (tenant_id)"},
               wanted(kHold, "23514"));
}

TEST(PostgresRealErrors, ALockThatIsHeldIsTriedAgainInSmallerParts) {
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
  EXPECT_EQ(error.reaction, kRetrySmaller);
  execute(*other, {"ROLLBACK"});
  EXPECT_EQ(agent.flush(versions).inserted, 1U);
}

/// A flush that waits for a row that another session holds; the session that holds it.
class PostgresBlockedFlush : public ::testing::Test {
 protected:
  PostgresBlockedFlush() {
    agent_.deliver({event_of("u", "login_failed", "a")});
    execute(*holder_, {"BEGIN", "SELECT 1 FROM account_lockouts FOR UPDATE"});
    versions_ = agent_.accept_all({event_of("u", "login_failed", "b")});
  }
  StoreResult<FlushReport> flush_while(const std::function<void()>& meanwhile) {
    StoreResult<FlushReport> result;
    std::jthread flusher([&] { result = agent_.try_flush(versions_); });
    testing::wait_for_row(*watcher_, kWaiting);
    meanwhile();
    flusher.join();
    return result;
  }
  static constexpr const char* kWaiting =
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'twinlog' AND wait_event_type = 'Lock' AND query LIKE "
      "'%FOR UPDATE OF a%'";

  Database database_;
  testing::LeapingClock clock_;
  TestAgent agent_{database_, "agent", "postgres", clock_};
  std::unique_ptr<postgres::Connection> holder_ = database_.session();
  std::unique_ptr<postgres::Connection> watcher_ = database_.session();
  std::vector<Version> versions_;
};

TEST_F(PostgresBlockedFlush, ACancelledStatementIsTriedAgain) {
  const auto result = flush_while(
      [&] { execute(*watcher_, {"SELECT pg_cancel_backend(pid) FROM (" + std::string(kWaiting) + ") w"}); });
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<1>(result).code, "57014");
  EXPECT_EQ(std::get<1>(result).reaction, kRetrySmaller);
  EXPECT_TRUE(agent_.store().is_connected());
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
}

TEST_F(PostgresBlockedFlush, ATerminatedSessionIsConnectedAgain) {
  const auto result = flush_while(
      [&] { execute(*watcher_, {"SELECT pg_terminate_backend(pid) FROM (" + std::string(kWaiting) + ") w"}); });
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<1>(result).reaction, kReconnect);
  EXPECT_FALSE(agent_.store().is_connected());
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
}

TEST_F(PostgresBlockedFlush, ADeadlockIsTriedAgain) {
  // The holder wants the record that the flush has inserted and not committed.
  const auto result = flush_while([&] {
    const std::string insert =
        "INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, received_at, "
        "effective_at, agent, epoch_id, leaf_index) VALUES ('acme', 'b', 'x', now(), now(), now(), "
        "'', gen_random_uuid(), 0)";
    testing::sqlstate_of(*holder_, insert);
    execute(*holder_, {"ROLLBACK"});
  });
  // Whichever of the two the server ends: the flush works, or says that it is to be tried again.
  if (const auto* error = std::get_if<StoreError>(&result)) {
    EXPECT_EQ(error->code, "40P01");
    EXPECT_EQ(error->reaction, kRetrySmaller);
  }
  agent_.flush(versions_);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
}

TEST_F(PostgresBlockedFlush, AnAnswerThatDoesNotComeInTimeEndsTheConnectionAndNothingDoubles) {
  clock_.leap(true);
  const StoreError error = agent_.failing_flush(versions_);
  EXPECT_EQ(error.reaction, kReconnect);
  EXPECT_NE(error.words.find("did not answer in time"), std::string::npos);
  EXPECT_FALSE(agent_.store().is_connected());
  clock_.leap(false);
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
}

}  // namespace
}  // namespace twinlog
