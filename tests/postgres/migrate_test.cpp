#include <algorithm>
#include <regex>
#include <thread>

#include "ledger/record/auth_event.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::sqlstate_of;
using testing::TestAgent;

std::vector<CheckLine> migrated(const StoreSettings& settings) {
  auto result = make_postgres_admin(settings)->migrate();
  if (const StoreError* error = result.ok() ? nullptr : &result.error()) {
    ADD_FAILURE() << error->code << " " << error->words;
    return {};
  }
  return *result;
}

bool says(const std::vector<CheckLine>& lines, const std::string& words) {
  return std::ranges::any_of(lines, [&](const CheckLine& line) { return line.text.find(words) != std::string::npos; });
}

std::string problems_of(const std::vector<CheckLine>& lines) {
  std::string problems;
  for (const CheckLine& line : lines) {
    problems += line.is_problem ? line.text + "\n" : "";
  }
  return problems;
}

TEST(PostgresMigrate, CreatesEverythingWithAVersionRowPerStep) {
  const Database database;
  EXPECT_EQ(problems_of(migrated(database.settings())), "");
  EXPECT_EQ(
      select(*database.session(), "SELECT name, value FROM twinlog_meta ORDER BY name"),
      (std::vector<std::string>{
          "(schema.0001,tables)", "(schema.0002,indexes)", "(schema.0003,\"walls between tenants\")",
          "(schema.0004,\"bound roles stay bound\")", "(schema.0005,\"the planner knows no tenant\")",
          "(schema.0006,\"walls that tell nothing\")", "(schema.0007,\"an index by time of receipt\")",
          "(schema.0008,\"the ledger\")", "(schema.0009,\"leaf_index is for no reader\")",
          "(schema.0010,\"an index by time of acceptance\")", "(unicode_version," + folding_unicode_version() + ")"}));
  EXPECT_EQ(select(*database.session(), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = '" +
                                            database.schema() + "'::regnamespace ORDER BY 1"),
            (std::vector<std::string>{"(account_lockouts)", "(auth_log_conflicts)", "(auth_logs)",
                                      "(ledger_checkpoints)", "(ledger_epochs)", "(ledger_leaves)", "(ledger_tiles)",
                                      "(twinlog_agents)", "(twinlog_meta)", "(twinlog_reader_scope)"}));
}

TEST(PostgresMigrate, EveryTableWithATenantHasRowLevelSecurity) {
  const Database database;
  database.migrate();
  EXPECT_EQ(
      select(*database.session(),
             "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind = 'r' AND "
             "c.relnamespace = current_schema()::regnamespace AND a.attname = 'tenant_id' AND NOT c.relrowsecurity"),
      std::vector<std::string>{});
}

TEST(PostgresMigrate, ASecondTimeChangesNothing) {
  const Database database;
  database.migrate();
  const std::string state =
      "SELECT relname, relfilenode, relacl::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
      "UNION ALL "
      "SELECT name, 0, recorded_at::text FROM twinlog_meta ORDER BY 1";
  const auto before = select(*database.session(), state);
  EXPECT_EQ(problems_of(migrated(database.settings())), "");
  EXPECT_EQ(select(*database.session(), state), before);
}

TEST(PostgresMigrate, AnotherVersionOfUnicodeIsNamedAndKept) {
  const Database database;
  database.migrate();
  execute(*database.session(), {"UPDATE twinlog_meta SET value = '1.0.0' WHERE name = 'unicode_version'"});
  const std::string problems = problems_of(make_postgres_admin(database.settings())->check());
  EXPECT_NE(problems.find("named by Unicode 1.0.0"), std::string::npos) << problems;
  database.migrate();
  EXPECT_EQ(select(*database.session(), "SELECT value FROM twinlog_meta WHERE name = 'unicode_version'"),
            std::vector<std::string>{"(1.0.0)"});
}

TEST(PostgresMigrate, ManyAgentsMayStartAtOnce) {
  const Database database;
  std::vector<std::string> errors(6);
  {
    std::vector<std::jthread> threads;
    threads.reserve(errors.size());
    for (std::string& error : errors) {
      threads.emplace_back([&database, &error] {
        const auto result = make_postgres_admin(database.settings())->migrate();
        error = result.ok() ? problems_of(*result) : result.error().words;
      });
    }
  }
  EXPECT_EQ(errors, std::vector<std::string>(6));
  EXPECT_EQ(select(*database.session(), "SELECT count(*) FROM twinlog_meta WHERE name LIKE 'schema%'"),
            std::vector<std::string>{"(10)"});
}

TEST(PostgresMigrate, AnAgentCreatesTheSchemaWhereItMay) {
  const Database database;
  TestAgent agent(database);
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "a")}).inserted, 1U);
}

TEST(PostgresMigrate, AnAgentThatMayNotWaitsForAnOperator) {
  const Database database;
  StoreSettings settings = database.settings();
  settings.migrate = false;
  const auto store = make_postgres_store({.store = settings, .agent = "a"}, testing::real_clock());
  const auto result = store->connect({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reaction, Reaction::kHold);
  EXPECT_NE(result.error().words.find("twinlog migrate"), std::string::npos);
  EXPECT_FALSE(store->is_connected());
}

TEST(PostgresMigrate, AnOlderAgentGoesOnWithANewerSchema) {
  const Database database;
  database.migrate();
  execute(*database.session(), {"ALTER TABLE auth_logs ADD COLUMN from_the_future text DEFAULT 'x'",
                                "INSERT INTO twinlog_meta (name, value) VALUES ('schema.0099', 'future')"});
  TestAgent agent(database);
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "a")}).inserted, 1U);
}

TEST(PostgresMigrate, AFailedStepLeavesNothingBehind) {
  const Database database;
  execute(*database.session(), {"CREATE TABLE account_lockouts (in_the_way text)"});
  const auto result = make_postgres_admin(database.settings())->migrate();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "42P07");
  EXPECT_EQ(select(*database.session(), "SELECT to_regclass('auth_logs') IS NULL"), std::vector<std::string>{"(t)"});
  execute(*database.session(), {"DROP TABLE account_lockouts"});
  EXPECT_EQ(problems_of(migrated(database.settings())), "");
}

TEST(PostgresMigrate, ASchemaThatComesInFrontOfTheTablesGetsNoSecondSetOfThem) {
  const Database database;
  StoreSettings settings = database.settings();
  const std::string path = "%22%24user%22%2C" + database.schema();  // "$user", then the schema of the tables.
  settings.uri = Secret::literal(std::regex_replace(database.uri(), std::regex("test_[0-9]+$"), path));
  EXPECT_EQ(problems_of(migrated(settings)), "");
  execute(*database.session(), {"CREATE SCHEMA postgres"});
  const auto store = make_postgres_store({.store = settings, .agent = "a"}, testing::real_clock());
  const auto refused = store->connect({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reaction, Reaction::kHold);
  EXPECT_NE(refused.error().words.find("tables are in schema " + database.schema() + ", and schema postgres"),
            std::string::npos)
      << refused.error().words;
  EXPECT_FALSE(make_postgres_admin(settings)->migrate().ok());
  EXPECT_NE(problems_of(make_postgres_admin(settings)->check()).find("search_path"), std::string::npos);
  EXPECT_EQ(select(*database.session(), "SELECT relname FROM pg_class WHERE relnamespace = 'postgres'::regnamespace"),
            std::vector<std::string>{});
  execute(*database.session(), {"DROP SCHEMA postgres"});
  EXPECT_TRUE(store->connect({}).ok());
}

TEST(PostgresRoles, WithoutCreateroleTheSqlIsPrintedAndWritingWorks) {
  const Database database("plain_owner", testing::second_server());
  const std::string problems = problems_of(migrated(database.settings("plain_owner")));
  EXPECT_NE(problems.find("CREATE ROLE twinlog_reader NOLOGIN; CREATE ROLE twinlog_writer NOLOGIN; "
                          "CREATE ROLE twinlog_keeper NOLOGIN;"),
            std::string::npos);
  TestAgent agent(database, "agent", "plain_owner");
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "a")}).accounts, 1U);
  execute(*database.session(), {"CREATE ROLE twinlog_reader NOLOGIN", "CREATE ROLE twinlog_writer NOLOGIN"});
  const auto without_keeper = migrated(database.settings("plain_owner"));
  EXPECT_EQ(problems_of(without_keeper), "");
  EXPECT_TRUE(says(without_keeper, "CREATE ROLE twinlog_keeper NOLOGIN;"));
  EXPECT_EQ(problems_of(make_postgres_admin(database.settings("plain_owner"))->check()), "");
  execute(*database.session(), {"CREATE ROLE twinlog_keeper NOLOGIN"});
  const auto with_keeper = migrated(database.settings("plain_owner"));
  EXPECT_EQ(problems_of(with_keeper), "");
  EXPECT_FALSE(says(with_keeper, "twinlog_keeper is missing"));
  EXPECT_EQ(problems_of(make_postgres_admin(database.settings("plain_owner"))->check()), "");
  execute(*database.session(), {"DROP OWNED BY twinlog_reader, twinlog_writer, twinlog_keeper",
                                "DROP ROLE twinlog_reader, twinlog_writer, twinlog_keeper",
                                "DROP OWNED BY plain_owner CASCADE", "DROP ROLE plain_owner"});
}

class PostgresWriter : public ::testing::Test {
 protected:
  PostgresWriter() {
    database_.migrate();
    execute(*database_.session(),
            {"DROP ROLE IF EXISTS a_writer", "CREATE ROLE a_writer LOGIN IN ROLE twinlog_writer"});
  }
  Database database_;
};

TEST_F(PostgresWriter, TheWritersRightsAreEnoughForEveryKindOfFlush) {
  TestAgent agent(database_, "agent", "a_writer");
  agent.deliver({event_of("u", "login_failed", "a", 2), event_of("u", "login_failed", "b", 3)});
  AuthEvent other = event_of("u", "login_failed", "a", 2);
  other.service = "other";
  AuthEvent third = event_of("u", "login_failed", "b", 3);
  third.service = "third";
  const FlushReport report =
      agent.deliver({event_of("u", "login_failed", "a", 2), other, third, event_of("u", "lockout_reset", "late", 1)});
  EXPECT_EQ(report.conflicts, 2U);
  EXPECT_EQ(report.recounts, 1U);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 4);
  EXPECT_TRUE(make_postgres_reader(database_.settings("a_writer"))->records(std::vector<EventKey>{{"acme", "a"}}).ok());
  EXPECT_EQ(problems_of(make_postgres_admin(database_.settings("a_writer"))->check()), "");
}

TEST_F(PostgresWriter, AWriterCannotChangeOrDeleteEvidence) {
  const auto session = database_.session("a_writer");
  for (const char* const sql :
       {"UPDATE auth_logs SET user_agent = 'x'", "DELETE FROM auth_logs", "TRUNCATE auth_logs",
        "UPDATE auth_log_conflicts SET has_conflict = false", "DELETE FROM auth_log_conflicts",
        "UPDATE auth_logs SET record_key = NULL", "UPDATE ledger_epochs SET retired = 'x'",
        "UPDATE ledger_tiles SET hashes = ''", "DELETE FROM ledger_tiles", "DELETE FROM ledger_leaves",
        "UPDATE ledger_leaves SET leaf = ''", "DELETE FROM ledger_checkpoints", "DELETE FROM ledger_epochs",
        "DELETE FROM account_lockouts", "DELETE FROM twinlog_agents", "UPDATE twinlog_meta SET value = ''",
        "SELECT role FROM twinlog_reader_scope", "CREATE TABLE mine (a int)"}) {
    EXPECT_EQ(sqlstate_of(*session, sql), "42501") << sql;
  }
}

TEST_F(PostgresWriter, ACheckNamesWhatARoleLacks) {
  execute(*database_.session(),
          {"DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN",
           "GRANT USAGE ON SCHEMA " + database_.schema() + " TO weak", "GRANT SELECT ON twinlog_meta TO weak"});
  const std::string problems = problems_of(make_postgres_admin(database_.settings("weak"))->check());
  EXPECT_NE(problems.find("INSERT on auth_logs"), std::string::npos) << problems;
  EXPECT_NE(problems.find("twinlog_writer"), std::string::npos) << problems;
}

TEST(PostgresMigration, OfAnAgentIsNotDoneInTheSessionThatFlushes) {
  const Database database;
  const auto administrator = database.session();
  execute(*administrator,
          {"CREATE TABLE migrators (pid integer)",
           "CREATE FUNCTION note_migrator() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO " +
               database.schema() + ".migrators VALUES (pg_backend_pid()); END $$",
           "CREATE EVENT TRIGGER note_migrator ON ddl_command_end EXECUTE FUNCTION note_migrator()"});
  TestAgent agent(database);
  EXPECT_TRUE(agent.connect().ok());
  execute(*administrator, {"DROP EVENT TRIGGER note_migrator", "DELETE FROM migrators WHERE pid = pg_backend_pid()"});
  EXPECT_EQ(select(*administrator, "SELECT count(DISTINCT pid) FROM migrators"), std::vector<std::string>{"(1)"});
  testing::wait_for_row(*administrator,
                        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity JOIN migrators USING (pid))");
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "a")}).inserted, 1U);
}

TEST(PostgresMigration, OfAnAgentThatMayHaveNoSecondSessionGoesOnInTheFirst) {
  const Database database("one_session");
  execute(*database.session(), {"ALTER ROLE one_session CONNECTION LIMIT 1"});
  TestAgent agent(database, "agent", "one_session");
  EXPECT_TRUE(agent.connect().ok());
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "a")}).inserted, 1U);
}

TEST(PostgresCheck, SaysVersionAndSchemaState) {
  const Database database;
  const std::string before = problems_of(make_postgres_admin(database.settings())->check());
  EXPECT_NE(before.find("is at version 0 of 10; run `twinlog migrate`"), std::string::npos) << before;
  database.migrate();
  const auto lines = make_postgres_admin(database.settings())->check();
  EXPECT_EQ(problems_of(lines), "");
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const CheckLine& line) {
    return line.text.find("server version 1") != std::string::npos;
  }));
}

TEST(PostgresCheck, AServerThatIsAwayIsAProblemInWords) {
  StoreSettings settings;
  settings.uri = Secret::literal("postgresql://nobody:hunter2@127.0.0.1:1/nothing");
  const std::string problems = problems_of(make_postgres_admin(settings)->check());
  EXPECT_NE(problems.find("no connection to PostgreSQL"), std::string::npos) << problems;
  EXPECT_EQ(problems.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace twinlog
