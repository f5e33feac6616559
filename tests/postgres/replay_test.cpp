// Dead letters that are offered again end as if their events had come in time.
#include <algorithm>

#include "tests/lockout/histories.h"
#include "tests/postgres/fold_check.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::account;
using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::TestAgent;

constexpr std::uint64_t kSeed = 1127;
constexpr std::size_t kHistories = 40;

/// Refuses a third of all contents, as records and as conflicts.
std::vector<std::string> forbid() {
  std::vector<std::string> commands;
  for (const char* const table : {"auth_logs", "auth_log_conflicts"}) {
    commands.push_back(std::string("ALTER TABLE ") + table +
                       " ADD CONSTRAINT odd CHECK (get_byte(content_hash, 0) % 3 <> 0)");
  }
  return commands;
}
std::vector<std::string> allow() {
  return {"ALTER TABLE auth_logs DROP CONSTRAINT odd", "ALTER TABLE auth_log_conflicts DROP CONSTRAINT odd"};
}

bool is_forbidden(const Version& version) {
  return static_cast<unsigned>(version.content_hash[0]) % 3 == 0;
}

TEST(PostgresReplay, AnyHistoryWithAnyOfItRefusedEndsInThePlainFoldOfAllOfIt) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  testing::Choices choices(kSeed);
  testing::Coverage coverage{};
  const Database database;
  TestAgent agents[] = {TestAgent(database, "one"), TestAgent(database, "two")};
  database.migrate();
  const auto session = database.session();
  for (std::size_t i = 0; i < kHistories && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("history " + std::to_string(i));
    execute(*session, {"DELETE FROM auth_logs", "DELETE FROM auth_log_conflicts", "DELETE FROM account_lockouts"});
    execute(*session, forbid());
    const testing::History history = testing::random_history(choices, 40);
    std::vector<Version> letters;
    std::uint64_t leaf = 0;
    for (const auto& batch : testing::random_batches(history, choices)) {
      std::vector<Version> versions;
      for (const Version* version : batch) {
        versions.push_back(*version);
        versions.back().leaf_index = ++leaf;
      }
      const FlushReport report = agents[choices.below(2)].flush(versions);
      EXPECT_EQ(report.refused.size(), std::ranges::count_if(versions, is_forbidden));
      for (const RefusedVersion& refused : report.refused) {
        letters.push_back(*std::ranges::find(versions, refused.leaf_index, &Version::leaf_index));
        EXPECT_TRUE(is_forbidden(letters.back()));
      }
    }
    std::vector<const Version*> taken;
    std::vector<const Version*> all;
    for (const Version& version : history.versions) {
      all.push_back(&version);
      if (!is_forbidden(version)) {
        taken.push_back(&version);
      }
    }
    testing::expect_fold(database, taken, coverage);
    execute(*session, allow());
    std::ranges::shuffle(letters, choices.generator());
    for (int times = 0; times < 2; ++times) {
      EXPECT_TRUE(agents[choices.below(2)].replay(letters).refused.empty());
      testing::expect_fold(database, all, coverage);
    }
  }
}

TEST(PostgresReplay, ARecordThatSomebodyPutThereByHandIsCountedByIt) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({event_of("u", "login_failed", "f1", 1), event_of("u", "login_failed", "f3", 3)});
  const auto session = database.session();
  execute(*session, {"CREATE TABLE kept AS SELECT * FROM auth_logs WHERE false",
                     "CREATE FUNCTION keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.log_id = 'f2' THEN "
                     "INSERT INTO kept SELECT NEW.*; RETURN NULL; END IF; RETURN NEW; END $$",
                     "CREATE TRIGGER keeping BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION keeps()"});
  const auto versions =
      agent.accept_all({event_of("u", "login_failed", "f2", 2), event_of("u", "login_failed", "f4", 4)});
  EXPECT_EQ(agent.flush(versions).refused.size(), 1U);
  // What the trigger kept is gone with the transaction, so the administrator writes the row from the letter.
  execute(*session, {"DROP TRIGGER keeping ON auth_logs",
                     "INSERT INTO auth_logs SELECT (r).* FROM (SELECT jsonb_populate_record(l, jsonb_build_object("
                     "'log_id', 'f2', 'content_hash', '\\x" +
                         hex(versions[0].content_hash) +
                         "')) AS r FROM auth_logs l "
                         "WHERE log_id = 'f3') s"});
  EXPECT_EQ(account(database, {"acme", "id:u"})->failed_login_attempts, 3);
  for (int times = 0; times < 2; ++times) {
    const FlushReport report = agent.replay({versions[0]});
    EXPECT_EQ(report.duplicates, 1U);
    EXPECT_EQ(report.recounts, 1U);
    EXPECT_EQ(account(database, {"acme", "id:u"})->failed_login_attempts, 4);
  }
}

TEST(PostgresReplay, WhereThePositionMovedNothingIsReplayed) {
  const Database database;
  TestAgent agent(database);
  agent.deliver({event_of("u", "login_failed", "a")});
  const auto versions = agent.accept_all({event_of("u", "login_failed", "b")});
  const auto session = database.session();
  execute(*session, {"UPDATE twinlog_agents SET last_leaf_index = 0"});
  const auto result =
      agent.store().flush({.epoch_id = agent.epoch(), .versions = versions, .position = {}, .is_replay = true});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().words, kPositionMovedWords);
  EXPECT_EQ(select(*session, "SELECT count(*) FROM auth_logs"), std::vector<std::string>{"(1)"});
}

TEST(PostgresReplay, AnErasedRecordIsNotBroughtBackIntoItsAccount) {
  const Database database;
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a")});
  agent.flush(versions);
  const auto session = database.session();
  execute(*session,
          {"UPDATE auth_logs SET content_hash = NULL, user_id = NULL, account = NULL", "DELETE FROM account_lockouts"});
  EXPECT_EQ(agent.replay(versions).duplicates, 1U);
  EXPECT_EQ(select(*session, "SELECT count(*) FROM account_lockouts"), std::vector<std::string>{"(0)"});
}

}  // namespace
}  // namespace twinlog
