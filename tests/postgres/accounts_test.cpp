#include <algorithm>

#include "ledger/record/canonical.h"
#include "tests/lockout/histories.h"
#include "tests/postgres/fold_check.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::account;
using testing::Database;
using testing::event_of;
using testing::execute;
using testing::kNoon;
using testing::select;
using testing::TestAgent;

constexpr std::uint64_t kSeed = 4711;
constexpr std::size_t kHistories = 50;
AccountKey user() {
  return {"acme", "id:u"};
}

AuthEvent stating(AuthEvent event, std::int32_t attempts) {
  event.failed_login_attempts = attempts;
  return event;
}

TEST(PostgresAccounts, AnAttackAndItsEndAreMirrored) {
  const Database database;
  TestAgent agent(database);
  AuthEvent lock = event_of("u", "account_locked", "l", 3);
  lock.lock_kind = LockKind::kTemporary;
  lock.lock_reason = "guessing";
  lock.account_locked_until = kNoon + 900'000'000;
  agent.deliver({event_of("u", "login_failed", "f1", 1), event_of("u", "login_failed", "f2", 2), lock});
  const auto locked = account(database, user());
  ASSERT_TRUE(locked.has_value());
  EXPECT_EQ(locked->failed_login_attempts, 2);
  EXPECT_EQ(locked->lock_kind, LockKind::kTemporary);
  EXPECT_EQ(locked->lock_reason, "guessing");
  EXPECT_EQ(locked->account_locked_until, kNoon + 900'000'000);
  EXPECT_EQ(locked->last_failed_at, kNoon + 2'000'000);
  agent.deliver({event_of("u", "lockout_reset", "r", 4)});
  const auto cleared = account(database, user());
  EXPECT_EQ(cleared->failed_login_attempts, 0);
  EXPECT_EQ(cleared->lock_kind, LockKind::kNone);
  EXPECT_EQ(cleared->log_id, "r");
  EXPECT_EQ(cleared->last_reset_at, kNoon + 4'000'000);
}

TEST(PostgresAccounts, ALateDefiningEventIsRecounted) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({event_of("u", "login_failed", "f1", 1), event_of("u", "login_failed", "f3", 3),
                 event_of("u", "login_failed", "f4", 4)});
  const FlushReport report = agent.deliver({stating(event_of("u", "login_failed", "f2", 2), 10)});
  EXPECT_EQ(report.recounts, 1U);
  EXPECT_EQ(report.round_trips, 4U);
  EXPECT_EQ(account(database, user())->failed_login_attempts, 12);
}

TEST(PostgresAccounts, ARecountGoesByWhenAFailureTookEffectAndNotByWhenItSaysThatItOccurred) {
  const Database database;
  TestAgent agent(database);
  auto versions = agent.accept_all({event_of("u", "login_failed", "f1", 1), event_of("u", "login_failed", "f3", 3),
                                    event_of("u", "login_success", "s2", 2)});
  versions[0].event.occurred_at += 86'400'000'000;
  versions[0].received_at = versions[0].effective_at;
  agent.flush({versions[0], versions[1]});
  EXPECT_EQ(agent.flush({versions[2]}).recounts, 1U);
  EXPECT_EQ(account(database, user())->failed_login_attempts, 1);
}

TEST(PostgresAccounts, AConflictCountsAsAVersionOfItsOwnAndOnce) {
  const Database database;
  TestAgent agent(database);
  AuthEvent other = event_of("u", "login_failed", "f1", 1);
  other.service = "other";
  const auto versions = agent.accept_all({event_of("u", "login_failed", "f1", 1), other});
  EXPECT_EQ(agent.flush(versions).conflicts, 1U);
  agent.flush(versions);
  agent.flush({versions[1]});
  EXPECT_EQ(account(database, user())->failed_login_attempts, 2);
}

TEST(PostgresAccounts, ARepeatLocksAndWritesNoAccount) {
  const Database database;
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "f1", 1)});
  agent.flush(versions);
  const auto before = select(*database.session(), "SELECT xmin, xmax, ctid FROM account_lockouts");
  const FlushReport report = agent.flush(versions);
  EXPECT_EQ(report.accounts, 0U);
  EXPECT_EQ(report.round_trips, 3U);  // One to see that the record is there.
  EXPECT_EQ(select(*database.session(), "SELECT xmin, xmax, ctid FROM account_lockouts"), before);
}

TEST(PostgresAccounts, AnAccountStateThatCannotBeReadHoldsTheStoreLoudly) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({event_of("u", "login_failed", "f1", 1)});
  execute(*database.session(), {"UPDATE account_lockouts SET fold_state = '\\xff00'"});
  const StoreError error = agent.failing_flush(agent.accept_all({event_of("u", "login_failed", "f2", 2)}));
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_NE(error.words.find("backup"), std::string::npos);
}

TEST(PostgresAccounts, AnyOrderAnyCutsAndRepeatsByTwoAgentsEndInThePlainFold) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  testing::Choices choices(kSeed);
  testing::Coverage coverage{};
  const Database database;
  TestAgent agents[] = {TestAgent(database, "one"), TestAgent(database, "two")};
  database.migrate();
  const auto session = database.session();
  for (std::size_t i = 0; i < kHistories; ++i) {
    execute(*session, {"DELETE FROM auth_logs", "DELETE FROM auth_log_conflicts", "DELETE FROM account_lockouts"});
    const testing::History history = testing::random_history(choices, 40);
    for (const auto& batch : testing::random_batches(history, choices)) {
      std::vector<Version> versions;
      std::transform(batch.begin(), batch.end(), std::back_inserter(versions), [](const Version* v) { return *v; });
      agents[choices.below(2)].flush(versions);
    }
    std::vector<const Version*> all;
    std::transform(history.versions.begin(), history.versions.end(), std::back_inserter(all),
                   [](const Version& version) { return &version; });
    SCOPED_TRACE("history " + std::to_string(i));
    testing::expect_fold(database, all, coverage);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace twinlog
