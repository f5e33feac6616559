// A defining event that comes late makes an agent count the failures behind it anew: how much that reads, whom it holds
// up, and how it ends.
#include <functional>
#include <thread>

#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/recounts.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::account;
using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::TestAgent;
using namespace std::chrono_literals;

constexpr int kFailures = 1'000'000;
// The last one of the attack is delivered by an agent, so that the account knows of it.
constexpr std::int64_t kLast = kFailures + 1;

std::string seed(const std::string& user, int failures) {
  return "INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, user_id, received_at, effective_at, "
         "agent, "
         "account, epoch_id, leaf_index) SELECT 'acme', u || n, 'login_failed', t, u, t, t, '', 'id:' || u, "
         "gen_random_uuid(), n FROM (SELECT n, '" +
         user + "' AS u, timestamptz '2026-01-05 12:00Z' + n * interval '1 s' AS t FROM generate_series(1, " +
         std::to_string(failures) + ") n) s";
}

/// What the statement of a recount says to EXPLAIN (ANALYZE, BUFFERS).
struct Explained {
  std::string plan;
  std::int64_t buffers = 0;
};

Explained explained_count(postgres::Connection& session, const std::string& user) {
  postgres::AccountUpdate account{.key = {"acme", "id:" + user}, .state = {}};
  account.state.attempts = AccountState::Attempts{};
  account.state.attempts->position.effective_at = testing::kNoon;
  const postgres::AccountUpdate* const accounts[] = {&account};
  postgres::Statement statement = postgres::recount_failures(accounts);
  const std::string explain = "EXPLAIN (ANALYZE, BUFFERS) " + std::string(statement.sql);
  statement.sql = explain;
  execute(session, {"SET enable_seqscan = off"});
  const auto rows = session.run_one(statement, testing::kTestLimit);
  Explained explained;
  for (int row = 0; rows && row < rows->count(); ++row) {
    explained.plan += std::string(rows->value(row, 0)) + "\n";
  }
  for (const std::string_view word : {"shared hit=", " read="}) {  // The first ones are those of the whole.
    const std::size_t at = explained.plan.find(word);
    explained.buffers += at < explained.plan.find("SubPlan") ? std::stoll(explained.plan.substr(at + word.size())) : 0;
  }
  return explained;
}

std::int64_t pages(postgres::Connection& session, const std::string& relation) {
  return std::stoll(select(session, "SELECT pg_relation_size('" + relation + "') / 8192").at(0).substr(1));
}

/// What a count reads by way of auth_log_conflicts waits until the gate is open.
class PostgresRecounts : public ::testing::Test {
 protected:
  PostgresRecounts() {
    database_.migrate();
    execute(*watcher_, {"CREATE TABLE gate ()", "ALTER TABLE auth_log_conflicts RENAME TO kept",
                        R"(CREATE FUNCTION behind_gate() RETURNS SETOF kept LANGUAGE plpgsql AS $$ BEGIN
                           WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.005); END LOOP;
                           RETURN QUERY SELECT * FROM kept; END $$)",
                        "CREATE VIEW auth_log_conflicts AS SELECT * FROM behind_gate()"});
  }
  void open_gate() { execute(*watcher_, {"INSERT INTO gate DEFAULT VALUES"}); }
  StoreResult<FlushReport> flush_while(TestAgent& agent, const std::vector<Version>& versions,
                                       const std::function<void()>& meanwhile) {
    StoreResult<FlushReport> result = StoreError{};
    std::jthread flusher([&] { result = agent.try_flush(versions); });
    testing::wait_for_row(*watcher_, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    meanwhile();
    flusher.join();
    return result;
  }
  std::int32_t attempts(const std::string& user) const {
    return account(database_, {"acme", "id:" + user})->failed_login_attempts;
  }

  Database database_;
  std::unique_ptr<postgres::Connection> watcher_ = database_.session();
  TestAgent other_{database_, "other"};
};

TEST_F(PostgresRecounts, AMillionFailuresOfAnAccountAreCountedWhileOthersFlush) {
  TestAgent agent(database_);
  execute(*watcher_, {seed("hot", kFailures)});
  agent.deliver({event_of("hot", "login_failed", "last", kLast)});
  const auto result = flush_while(agent, agent.accept_all({event_of("hot", "lockout_reset", "late", 0)}), [&] {
    EXPECT_EQ(other_.deliver({event_of("u", "login_failed", "f1"), event_of("v", "login_failed", "f2")}).accounts, 2U);
    open_gate();
  });
  ASSERT_TRUE(result.ok()) << result.error().words;
  EXPECT_EQ(result->recounts, 1U);
  EXPECT_EQ(attempts("hot"), kFailures + 1);
  EXPECT_EQ(attempts("u"), 1);
  const auto [plan, buffers] = explained_count(*watcher_, "hot");  // Each page once, as the attack came in order.
  EXPECT_GT(buffers, 0) << plan;
  EXPECT_LT(buffers, pages(*watcher_, "auth_logs") + pages(*watcher_, "auth_logs_by_account") + 1000) << plan;
}

TEST_F(PostgresRecounts, ACountReadsTheRowsOfItsAccountAlongAnIndexAndNoOthers) {
  open_gate();
  execute(*watcher_, {seed("cold", 90'000), seed("hot", 10'000)});
  const auto [plan, buffers] = explained_count(*watcher_, "hot");
  EXPECT_NE(plan.find("Index Scan using auth_logs_by_account"), std::string::npos) << plan;
  EXPECT_NE(plan.find("rows=10000 loops=1"), std::string::npos) << plan;
  EXPECT_GT(buffers, 0) << plan;
  EXPECT_LT(buffers, pages(*watcher_, "auth_logs") / 4) << plan;
}

TEST_F(PostgresRecounts, OneThatDoesNotEndInItsTimeIsTriedAgainWithFourTimesAsMuchAndEnds) {
  TestAgent agent(database_, "agent", "postgres", testing::real_clock(), 50ms);
  agent.deliver({event_of("u", "login_failed", "f1", 1), event_of("u", "login_failed", "f2", 2)});
  const auto late = agent.accept_all({event_of("u", "lockout_reset", "late", 0), event_of("v", "login_failed", "f3")});
  for (const char* const limits :
       {"within 50 ms; it is tried again with 200 ms", "within 200 ms; it is tried again with 800 ms"}) {
    const StoreError error = agent.failing_flush(late);
    EXPECT_EQ(error.code, "57014");
    EXPECT_EQ(error.reaction, Reaction::kRetry);
    EXPECT_EQ(error.where, StoreStage::kAccounts);
    EXPECT_NE(error.words.find("a recount of 2 failures of 1 account,"), std::string::npos) << error.words;
    EXPECT_NE(error.words.find(limits), std::string::npos) << error.words;
    EXPECT_TRUE(agent.store().is_connected());
  }
  open_gate();
  EXPECT_EQ(agent.flush(late).recounts, 1U);
  EXPECT_EQ(attempts("u"), 2);
}

TEST(PostgresRecountLimits, TheFirstIsAMinuteAndTheLongestAnHour) {
  EXPECT_EQ(PostgresStoreSettings().recount_limit, 1min);
  EXPECT_EQ(postgres::kLongestRecount, 1h);
}

TEST_F(PostgresRecounts, OneThatDidNotEndIsReadAgainWithoutALockOnItsAccount) {
  TestAgent agent(database_, "agent", "postgres", testing::real_clock(), 5s);
  agent.deliver({event_of("u", "login_failed", "f1", 1), event_of("u", "login_failed", "f2", 2)});
  const auto late = agent.accept_all({event_of("u", "lockout_reset", "late", 0)});
  EXPECT_EQ(agent.failing_flush(late).code, "57014");
  const auto result = flush_while(agent, late, [&] {
    EXPECT_EQ(other_.deliver({event_of("u", "login_failed", "f3", 3)}).accounts, 1U);
    open_gate();
  });
  ASSERT_TRUE(result.ok()) << result.error().words;
  EXPECT_EQ(attempts("u"), 3);
}

}  // namespace
}  // namespace twinlog
