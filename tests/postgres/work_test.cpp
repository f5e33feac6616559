// How many pages flushes read, counted by the server: the work does not grow with an attack.
#include <cstdlib>

#include "plugins/postgres/columns.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::TestAgent;

/// An account under attack, and what the server counts.
class PostgresWork : public ::testing::Test {
 protected:
  PostgresWork() {
    database_.migrate();
    // What autovacuum reads is counted, too.
    execute(*watcher_, {"ALTER TABLE auth_logs SET (autovacuum_enabled = off)",
                        "ALTER TABLE account_lockouts SET (autovacuum_enabled = off)",
                        "ALTER TABLE twinlog_agents SET (autovacuum_enabled = off)"});
  }
  std::vector<AuthEvent> failures(int count) {
    std::vector<AuthEvent> events;
    for (int i = 0; i < count; ++i) {
      ++number_;
      events.push_back(event_of("hot", "login_failed", std::to_string(10'000'000 + number_), number_));
    }
    return events;
  }
  /// Pages read since the last call; the sessions of agents report theirs when they end. That of a test that stays open
  /// is named report.
  std::int64_t pages_read(TestAgent& agent, const std::string& tables) {
    agent.store().disconnect();
    testing::wait_for_row(*watcher_,
                          "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'client "
                          "backend' AND pid <> pg_backend_pid() AND application_name <> 'report')");
    const std::int64_t now = std::stoll(
        select(*watcher_,
               "SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit) FROM pg_statio_user_tables "
               "WHERE schemaname = current_schema() AND relname ~ '" +
                   tables + "'")
            .at(0)
            .substr(1));
    return now - std::exchange(counted_, now);
  }

  /// Of the account's table and its index, in each of a hundred flushes.
  std::int64_t pages_a_flush(TestAgent& agent) {
    pages_read(agent, "account_lockouts");
    for (int i = 0; i < 100; ++i) {
      agent.deliver(failures(1));
    }
    return pages_read(agent, "account_lockouts") / 100;
  }

  Database database_;
  std::unique_ptr<postgres::Connection> watcher_ = database_.session();
  int number_ = 0;
  std::int64_t counted_ = 0;
};

TEST_F(PostgresWork, AThousandFailuresOfAnAccountReadNoMorePagesHoweverLongItsAttackLasts) {
  TestAgent agent(database_);
  agent.deliver(failures(1000));
  pages_read(agent, "");
  EXPECT_EQ(agent.deliver(failures(1000)).inserted, 1000U);
  const std::int64_t after_a_thousand = pages_read(agent, "");
  for (int i = 2; i < 100; ++i) {
    agent.deliver(failures(1000));
  }
  pages_read(agent, "");
  EXPECT_EQ(agent.deliver(failures(1000)).inserted, 1000U);
  const std::int64_t after_a_hundred_thousand = pages_read(agent, "");
  EXPECT_GT(after_a_hundred_thousand, 1000);
  EXPECT_LT(after_a_hundred_thousand, after_a_thousand * 115 / 100);
}

/// A report that stays open keeps every version of the account's row, and finding the newest one reads all of them:
/// some 65 pages more for each 1,000 flushes. No vacuum can help before it ends; then the next flush clears up.
TEST_F(PostgresWork, AnOpenReportMakesAHotAccountSlowerByEveryFlushUntilItEnds) {
  TestAgent agent(database_);
  agent.deliver(failures(1));
  const auto report = database_.session();
  execute(*report, {"SET application_name = 'report'", "BEGIN ISOLATION LEVEL REPEATABLE READ",
                    "SELECT count(*) FROM account_lockouts"});
  const std::int64_t at_first = pages_a_flush(agent);
  const int flushes = std::getenv("TWINLOG_LONG") != nullptr ? 10'000 : 2'000;
  for (int i = 0; i < flushes; ++i) {
    agent.deliver(failures(1));
  }
  const std::int64_t while_open = pages_a_flush(agent);
  EXPECT_GT(while_open, at_first * 5);
  EXPECT_LT(while_open, at_first + flushes / 10);
  execute(*watcher_, {"VACUUM account_lockouts"});
  EXPECT_GT(pages_a_flush(agent), at_first * 5);
  execute(*report, {"COMMIT"});
  EXPECT_LE(pages_a_flush(agent), at_first * 2);
}

// The batch is in the order in which rows are locked, and the server knows it.
TEST_F(PostgresWork, ABatchIsNotSortedByTheServer) {
  const std::string explain = "EXPLAIN " + postgres::insert_head("auth_logs") + "ON CONFLICT DO NOTHING";
  auto plan = watcher_->run_one({explain, postgres::column_arrays({})}, std::chrono::seconds{10});
  ASSERT_TRUE(plan) << plan.error().words;
  std::string words;
  for (int row = 0; row < plan->count(); ++row) {
    words.append(plan->value(row, 0)).append("\n");
  }
  EXPECT_NE(words.find("Function Scan on v"), std::string::npos) << words;
  EXPECT_EQ(words.find("Sort"), std::string::npos) << words;
}

}  // namespace
}  // namespace twinlog
