// A flush that waits for a lock of another session, and what ends the wait.
#include <functional>
#include <thread>

#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::TestAgent;
using enum Reaction;

/// A flush that waits for a row that another session holds; the session that holds it.
class PostgresBlockedFlush : public ::testing::Test {
 protected:
  PostgresBlockedFlush() {
    agent_.deliver({event_of("u", "login_failed", "a")});
    execute(*holder_, {"BEGIN", "SELECT 1 FROM account_lockouts FOR UPDATE"});
    versions_ = agent_.accept_all({event_of("u", "login_failed", "b")});
  }
  StoreResult<FlushReport> flush_while(const std::function<void()>& meanwhile) {
    StoreResult<FlushReport> result = StoreError{};
    std::jthread flusher([&] { result = agent_.try_flush(versions_); });
    testing::wait_for_row(*watcher_, kWaiting);
    meanwhile();
    flusher.join();
    return result;
  }
  static std::string waits_for(const std::string& lock) {
    return "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = '" + lock + "'";
  }
  static constexpr const char* kInsertB =
      "INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, received_at, effective_at, agent, epoch_id, "
      "leaf_index) VALUES ('acme', 'b', 'x', now(), now(), now(), '', gen_random_uuid(), 0) ON CONFLICT DO NOTHING";
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
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "57014");
  EXPECT_EQ(result.error().reaction, kRetrySmaller);
  EXPECT_TRUE(agent_.store().is_connected());
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
}

TEST_F(PostgresBlockedFlush, ATerminatedSessionIsConnectedAgain) {
  const auto result = flush_while(
      [&] { execute(*watcher_, {"SELECT pg_terminate_backend(pid) FROM (" + std::string(kWaiting) + ") w"}); });
  ASSERT_FALSE(result.ok());
  // The server's last words arrive before the end of the connection.
  EXPECT_EQ(result.error().code, "57P01");
  EXPECT_EQ(result.error().reaction, kReconnect);
  EXPECT_FALSE(agent_.store().is_connected());
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
}

TEST_F(PostgresBlockedFlush, ADeadlockIsTriedAgain) {
  // A trigger keeps the flush at a gate, after it inserted record b and before it locks the account.
  const auto gate = database_.session();
  execute(*gate, {R"(CREATE FUNCTION gated() RETURNS trigger LANGUAGE plpgsql AS $$
              BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$)",
                  "CREATE TRIGGER at_gate AFTER INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION gated()",
                  "SELECT pg_advisory_lock(1)"});
  // The holder waits for record b and does not look for deadlocks: the flush closes the circle and is the victim.
  execute(*holder_, {"SET deadlock_timeout = '1h'"});
  StoreResult<FlushReport> result = StoreError{};
  std::string of_holder;
  {
    const std::jthread flusher([&] { result = agent_.try_flush(versions_); });
    testing::wait_for_row(*watcher_, waits_for("advisory"));
    const std::jthread holding([&] { of_holder = testing::sqlstate_of(*holder_, kInsertB); });
    testing::wait_for_row(*watcher_, waits_for("transactionid"));
    execute(*gate, {"SELECT pg_advisory_unlock(1)"});
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "40P01");
  EXPECT_EQ(result.error().reaction, kRetry);
  EXPECT_EQ(of_holder, "");
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
}

TEST_F(PostgresBlockedFlush, ARowThatMovedToAnotherPartitionIsTriedAgain) {
  execute(*holder_,
          {"ROLLBACK", "ALTER TABLE account_lockouts RENAME TO before",
           R"(CREATE TABLE account_lockouts (LIKE before INCLUDING DEFAULTS, PRIMARY KEY (tenant_id, account))
                       PARTITION BY LIST (tenant_id))",
           "CREATE TABLE of_acme PARTITION OF account_lockouts FOR VALUES IN ('acme')",
           "CREATE TABLE of_others PARTITION OF account_lockouts DEFAULT",
           "INSERT INTO account_lockouts SELECT * FROM before", "BEGIN", "SELECT 1 FROM account_lockouts FOR UPDATE"});
  const auto result = flush_while([&] {
    execute(*holder_, {"UPDATE account_lockouts SET tenant_id = 'other'", "COMMIT"});
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "40001");
  EXPECT_EQ(result.error().reaction, kRetrySmaller);
  EXPECT_TRUE(agent_.store().is_connected());
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
}

TEST_F(PostgresBlockedFlush, AnAnswerThatDoesNotComeInTimeEndsTheConnectionAndNothingDoubles) {
  clock_.leap(true);
  const StoreError error = agent_.failing_flush(versions_);
  EXPECT_EQ(error.reaction, kReconnectSmaller);
  EXPECT_NE(error.words.find("did not answer in time"), std::string::npos);
  EXPECT_FALSE(agent_.store().is_connected());
  clock_.leap(false);
  execute(*holder_, {"ROLLBACK"});
  EXPECT_EQ(agent_.flush(versions_).inserted, 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
}

}  // namespace
}  // namespace twinlog
