// What the database takes and does not keep, because somebody added a trigger or a rule.
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::TestAgent;

struct Swallowed {
  const char* name;
  const char* table;
  const char* when;
  std::vector<std::uint64_t> refused;  ///< Of the batch below, from 0.
};

void PrintTo(const Swallowed& swallowed, std::ostream* out) {  // NOLINT: gtest's name
  *out << swallowed.name;
}

class PostgresSwallowedRows : public ::testing::TestWithParam<Swallowed> {
 protected:
  PostgresSwallowedRows() {
    agent_.deliver({event_of("u", "login_failed", "before"), event_of("u", "login_failed", "x")});
  }

  /// A first acceptance, a conflict with what is there, a repeat, and a repeat that conflicts with nothing.
  std::vector<Version> batch() {
    AuthEvent other = event_of("u", "login_failed", "before");
    other.service = "other";
    return agent_.accept_all({event_of("u", "login_failed", "new", 5), other, event_of("u", "login_failed", "x")});
  }
  void swallow() {
    execute(*owner_, {"CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                      std::string("CREATE TRIGGER drop_noise BEFORE ") + GetParam().when + " ON " + GetParam().table +
                          " FOR EACH ROW EXECUTE FUNCTION drop_noise()"});
  }

  Database database_;
  TestAgent agent_{database_};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
};

TEST_P(PostgresSwallowedRows, AreNoDuplicatesAndArriveWhenTheTriggerIsGone) {
  const std::vector<Version> versions = batch();
  swallow();
  std::vector<Version> letters;
  std::vector<std::uint64_t> places;
  if (GetParam().refused.empty()) {  // Of no event: all waits.
    const StoreError error = agent_.failing_flush(versions);
    EXPECT_EQ(reaction_text(error.reaction), reaction_text(Reaction::kHold));
    EXPECT_NE(error.words.find("trigger or rule of the table"), std::string::npos) << error.words;
    EXPECT_NE(error.words.find(GetParam().table), std::string::npos) << error.words;
    EXPECT_EQ(select(*owner_, "SELECT count(*) FROM auth_logs"), std::vector<std::string>{"(2)"});
  } else {
    const FlushReport report = agent_.flush(versions);
    EXPECT_EQ(report.duplicates, 1U);
    for (const RefusedVersion& refused : report.refused) {
      places.push_back(refused.leaf_index - versions[0].leaf_index);
      letters.push_back(versions.at(places.back()));
      EXPECT_EQ(refused.error.code, "");
      EXPECT_EQ(reaction_text(refused.error.reaction), reaction_text(Reaction::kPoison));
      EXPECT_NE(refused.error.words.find("dropped this event"), std::string::npos) << refused.error.words;
    }
  }
  execute(*owner_, {std::string("DROP TRIGGER drop_noise ON ") + GetParam().table});
  EXPECT_EQ(places, GetParam().refused);
  if (letters.empty()) {
    agent_.flush(versions);
  } else {
    agent_.replay(letters);
  }
  EXPECT_EQ(testing::records(database_, testing::keys_of(versions)).size(), 3U);
  EXPECT_EQ(testing::conflicts(database_, testing::keys_of(versions)).size(), 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 4);
}

INSTANTIATE_TEST_SUITE_P(Tables, PostgresSwallowedRows,
                         ::testing::Values(Swallowed{"Records", "auth_logs", "INSERT", {0, 1}},
                                           Swallowed{"Marks", "auth_logs", "UPDATE", {1}},
                                           Swallowed{"Conflicts", "auth_log_conflicts", "INSERT", {1}},
                                           Swallowed{"Accounts", "account_lockouts", "UPDATE", {}},
                                           Swallowed{"Positions", "twinlog_agents", "UPDATE", {}}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(PostgresSwallowing, ATriggerThatKeepsNothingIsHeldAndRefusesNoEvent) {
  const Database database;
  database.migrate();
  execute(*database.session(),
          {"CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
           "CREATE TRIGGER drop_noise BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION drop_noise()"});
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a"), event_of("u", "login_failed", "b")});
  const StoreError error = agent.failing_flush(versions);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(Reaction::kHold));
  EXPECT_NE(error.words.find("the table auth_logs dropped"), std::string::npos) << error.words;
  EXPECT_EQ(select(*database.session(), "SELECT count(*) FROM twinlog_agents"), std::vector<std::string>{"(0)"});
  execute(*database.session(), {"DROP TRIGGER drop_noise ON auth_logs"});
  EXPECT_EQ(agent.flush(versions).inserted, 2U);
}

TEST(PostgresSwallowing, AMarkThatOnlyTheBatchAsksForIsMissedToo) {
  const Database database;
  database.migrate();
  execute(*database.session(),
          {"CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
           "CREATE TRIGGER drop_noise BEFORE UPDATE ON auth_logs FOR EACH ROW EXECUTE FUNCTION drop_noise()"});
  TestAgent agent(database);
  AuthEvent other = event_of("u", "login_failed", "a");
  other.service = "other";
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a"), other});
  const FlushReport report = agent.flush(versions);
  EXPECT_EQ(report.inserted, 1U);
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].leaf_index, versions[1].leaf_index);
  EXPECT_TRUE(testing::conflicts(database, testing::keys_of(versions)).empty());
}

TEST(PostgresSwallowing, AnAccountThatIsNeverMadeIsHeldAndNamed) {
  const Database database;
  database.migrate();
  execute(*database.session(),
          {"CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
           "CREATE TRIGGER drop_noise BEFORE INSERT ON account_lockouts FOR EACH ROW EXECUTE FUNCTION drop_noise()"});
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a")});
  EXPECT_NE(agent.failing_flush(versions).words.find("account_lockouts"), std::string::npos);
  execute(*database.session(), {"DROP TRIGGER drop_noise ON account_lockouts"});
  EXPECT_EQ(agent.flush(versions).accounts, 1U);
}

TEST(PostgresSwallowing, ARuleInThePlaceOfTheInsertIsHeldAndAViewIsWrittenThrough) {
  const Database database;
  database.migrate();
  TestAgent agent(database);
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a")});
  const auto owner = database.session();
  execute(*owner, {"CREATE RULE nothing AS ON INSERT TO auth_logs DO INSTEAD NOTHING"});
  EXPECT_EQ(reaction_text(agent.failing_flush(versions).reaction), reaction_text(Reaction::kHold));
  execute(*owner, {"DROP RULE nothing ON auth_logs", "ALTER TABLE auth_logs RENAME TO kept",
                   "CREATE VIEW auth_logs AS SELECT * FROM kept"});
  EXPECT_EQ(agent.flush(versions).inserted, 1U);
  EXPECT_EQ(select(*owner, "SELECT log_id FROM kept"), std::vector<std::string>{"(a)"});
}

TEST(PostgresConflicts, ARepeatedConflictDoesNotRewriteItsRecord) {
  const Database database;
  TestAgent agent(database);
  AuthEvent other = event_of("u", "login_failed", "a");
  other.service = "other";
  agent.deliver({event_of("u", "login_failed", "a"), other});
  const auto owner = database.session();
  const auto before = select(*owner, "SELECT ctid, xmin, has_conflict FROM auth_logs");
  const FlushReport again = agent.deliver({other});
  EXPECT_EQ(again.duplicates, 1U);
  EXPECT_EQ(select(*owner, "SELECT ctid, xmin, has_conflict FROM auth_logs"), before);
  other.service = "third";
  EXPECT_EQ(agent.deliver({other}).conflicts, 1U);
}

class PostgresHiddenBookkeeping : public ::testing::TestWithParam<const char*> {};

TEST_P(PostgresHiddenBookkeeping, IsNamedAndNeverTakenForALoss) {
  const Database database;
  database.migrate();
  const auto owner = database.session();
  execute(*owner, {"DROP ROLE IF EXISTS hidden_writer", "CREATE ROLE hidden_writer LOGIN IN ROLE twinlog_writer"});
  TestAgent agent(database, "agent", "hidden_writer");
  agent.deliver({event_of("u", "login_failed", "a")});
  execute(*owner, {std::string("ALTER TABLE ") + GetParam() + " ENABLE ROW LEVEL SECURITY"});
  const auto versions = agent.accept_all({event_of("u", "login_failed", "b")});
  for (const bool is_new_session : {false, true}) {
    if (is_new_session) {
      agent.store().disconnect();
    } else if (std::string_view(GetParam()) == "twinlog_meta") {
      continue;  // Read by a connect only.
    }
    const StoreError error = agent.failing_flush(versions);
    EXPECT_EQ(reaction_text(error.reaction), reaction_text(Reaction::kHold));
    EXPECT_NE(error.words.find(std::string("row-level security hides ") + GetParam()), std::string::npos)
        << error.words;
    EXPECT_EQ(error.words.find("twinlog migrate"), std::string::npos);
  }
  execute(*owner, {std::string("CREATE POLICY shown ON ") + GetParam() + " USING (true) WITH CHECK (true)"});
  EXPECT_EQ(agent.flush(versions).inserted, 1U);
}

INSTANTIATE_TEST_SUITE_P(Tables, PostgresHiddenBookkeeping, ::testing::Values("twinlog_agents", "twinlog_meta"));

TEST(PostgresPlans, AFlushNeverReadsATableOfAccountsAsAWhole) {
  const Database database;
  database.migrate();
  const auto owner = database.session();
  execute(*owner, {"INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, log_id, "
                   "effective_at, fold_state) SELECT 'acme', 'id:other' || n, 0, 'none', '', now(), '' "
                   "FROM generate_series(1, 200000) n",
                   "ANALYZE"});
  TestAgent agent(database);
  std::vector<AuthEvent> events;
  events.reserve(500);
  for (int i = 0; i < 500; ++i) {
    events.push_back(event_of("u" + std::to_string(i), "login_failed", "e" + std::to_string(i)));
  }
  const std::string scans =
      "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname IN "
      "('account_lockouts', 'auth_logs')";
  const auto before = select(*owner, scans);
  agent.deliver(events);
  agent.store().disconnect();  // A session's numbers come when it ends.
  testing::wait_for_row(*owner,
                        "SELECT 1 FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = "
                        "'account_lockouts' AND n_tup_upd >= 500");
  EXPECT_EQ(select(*owner, scans), before);
}

}  // namespace
}  // namespace twinlog
