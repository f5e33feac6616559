// What `twinlog check --stores` says of walls and rights: each fault is made for real, and the line looked for.
#include <array>

#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::execute;

enum class MendedBy { kMigrate, kPeople };

struct WallFault {
  const char* name;
  std::array<const char*, 3> made_by;  ///< Commands, and nothing behind them.
  const char* said;
  MendedBy mended_by = MendedBy::kMigrate;
};

std::string problems_of(const std::vector<CheckLine>& lines) {
  std::string problems;
  for (const CheckLine& line : lines) {
    problems += line.is_problem ? line.text + "\n" : "";
  }
  return problems;
}

constexpr auto kFaults = std::to_array<WallFault>({
    {"AWallIsOff",
     {"ALTER TABLE account_lockouts DISABLE ROW LEVEL SECURITY"},
     "row-level security of account_lockouts is off"},
    {"TheWallOfTheScopesIsOff",
     {"ALTER TABLE twinlog_reader_scope DISABLE ROW LEVEL SECURITY"},
     "row-level security of twinlog_reader_scope is off"},
    {"AReadingPolicyIsGone",
     {"DROP POLICY twinlog_reading ON auth_logs"},
     "the policy twinlog_reading of auth_logs is missing or was changed"},
    {"AReadingPolicyShowsAll",
     {"ALTER POLICY twinlog_reading ON auth_logs USING (true)"},
     "the policy twinlog_reading of auth_logs is missing or was changed"},
    {"AReadingPolicyIsForOthers",
     {"ALTER POLICY twinlog_reading ON account_lockouts TO PUBLIC"},
     "the policy twinlog_reading of account_lockouts is missing or was changed"},
    {"ABindingIsOpen",
     {"ALTER POLICY twinlog_binding ON auth_log_conflicts USING (true)"},
     "the policy twinlog_binding of auth_log_conflicts is missing or was changed"},
    {"AWritingPolicyHidesAll",
     {"ALTER POLICY twinlog_writing ON auth_logs USING (false)"},
     "the policy twinlog_writing of auth_logs is missing or was changed"},
    {"HashesAreOpen",
     {"GRANT SELECT (content_hash) ON auth_logs TO twinlog_reader"},
     "twinlog_reader may read auth_logs.content_hash"},
    {"StatesAreOpen",
     {"GRANT SELECT ON account_lockouts TO twinlog_reader"},
     "twinlog_reader may read account_lockouts.fold_state"},
    {"ReadersMayNotRead",
     {"REVOKE SELECT (account) ON auth_logs FROM twinlog_reader"},
     "twinlog_reader may not read auth_logs.account"},
    {"WritersMayNotInsert",
     {"REVOKE INSERT ON auth_log_conflicts FROM twinlog_writer"},
     "twinlog_writer lacks INSERT on auth_log_conflicts"},
    {"WritersMayNotMark",
     {"REVOKE UPDATE (has_conflict) ON auth_logs FROM twinlog_writer"},
     "twinlog_writer lacks UPDATE on auth_logs.has_conflict"},
    {"ReadersDoNotSeeTheSchema",
     {"DO $$ BEGIN EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM twinlog_reader', current_schema()); END $$"},
     "twinlog_reader lacks USAGE on the schema"},
    {"ReadersMayNotAskForTheirScope",
     {"REVOKE EXECUTE ON FUNCTION twinlog_own_tenant() FROM twinlog_reader"},
     "twinlog_reader may not execute twinlog_own_tenant"},
    {"EverybodyMayAskAboutAnybody",
     {"GRANT EXECUTE ON FUNCTION twinlog_bound_tenant(name) TO PUBLIC"},
     "everybody may execute twinlog_bound_tenant; REVOKE it from PUBLIC",
     MendedBy::kPeople},
    {"AStrayPolicyShowsReadersMore",
     {"CREATE POLICY generous ON auth_logs USING (true)"},
     "the policy generous of auth_logs is not one of twinlog's",
     MendedBy::kPeople},
    {"EverybodyMayReadAColumn",
     {"GRANT SELECT (username) ON auth_logs TO PUBLIC"},
     "everybody may read columns of auth_logs; REVOKE it from PUBLIC",
     MendedBy::kPeople},
    {"ThePlannerKeepsStatistics",
     {"ALTER TABLE auth_logs ALTER COLUMN username SET STATISTICS 100"},
     "SET STATISTICS 0 for username",
     MendedBy::kPeople},
    {"OldStatisticsAreLeft",
     {"ALTER TABLE auth_logs ALTER COLUMN account SET STATISTICS 100", "ANALYZE auth_logs",
      "ALTER TABLE auth_logs ALTER COLUMN account SET STATISTICS 0"},
     "old statistics of auth_logs are left",
     MendedBy::kPeople},
});

class PostgresWallCheck : public ::testing::TestWithParam<WallFault> {};

TEST_P(PostgresWallCheck, NamesTheFaultAndMigrateMendsItOrLeavesItToPeople) {
  const Database database;
  testing::TestAgent(database).deliver({testing::event_of("u", "login_failed", "a")});
  const auto admin = make_postgres_admin(database.settings());
  ASSERT_EQ(problems_of(admin->check()), "");
  const auto session = database.session();
  for (const char* const command : GetParam().made_by) {
    execute(*session, command == nullptr ? std::vector<std::string>{} : std::vector<std::string>{command});
  }
  EXPECT_NE(problems_of(admin->check()).find(GetParam().said), std::string::npos) << problems_of(admin->check());
  const bool is_for_people = GetParam().mended_by == MendedBy::kPeople;
  const auto migrated = admin->migrate();
  ASSERT_TRUE(migrated.ok()) << migrated.error().words;
  EXPECT_EQ(problems_of(*migrated).find(GetParam().said) != std::string::npos, is_for_people) << problems_of(*migrated);
  EXPECT_EQ(problems_of(admin->check()).find(GetParam().said) != std::string::npos, is_for_people);
}

INSTANTIATE_TEST_SUITE_P(EachFault, PostgresWallCheck, ::testing::ValuesIn(kFaults),
                         [](const auto& each) { return std::string(each.param.name); });

/// All lines, for what is no fault by itself.
std::string lines_of(const Database& database, const std::string& user) {
  std::string text;
  for (const CheckLine& line : make_postgres_admin(database.settings(user))->check()) {
    text += line.text + "\n";
  }
  return text;
}

TEST(PostgresCheck, SaysThatTheOwnersOfTheTablesStandAboveTheWalls) {
  const Database database;
  database.migrate();
  execute(*database.session(),
          {"DROP ROLE IF EXISTS only_writes", "CREATE ROLE only_writes LOGIN IN ROLE twinlog_writer"});
  constexpr auto kSaid = "this role owns the tables: neither walls nor rights hold it";
  EXPECT_NE(lines_of(database, "postgres").find(kSaid), std::string::npos);
  EXPECT_EQ(lines_of(database, "only_writes").find(kSaid), std::string::npos);
}

TEST(PostgresCheck, SaysThatEveryLoginMayConnect) {
  const Database database;
  database.migrate();
  constexpr auto kSaid = "every login of this server may connect to this database";
  EXPECT_NE(lines_of(database, "postgres").find(kSaid), std::string::npos);
  execute(*database.session(), {"REVOKE CONNECT ON DATABASE postgres FROM PUBLIC"});
  EXPECT_EQ(lines_of(database, "postgres").find(kSaid), std::string::npos);
  execute(*database.session(), {"GRANT CONNECT ON DATABASE postgres TO PUBLIC"});
}

TEST(PostgresCheck, NamesAServerThatDoesNotKeepWhatItConfirms) {
  const Database database;
  database.migrate();
  const auto session = database.session();
  execute(*session, {"ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"});
  testing::wait_for_row(*session, "SELECT 1 WHERE current_setting('full_page_writes') = 'off'");
  EXPECT_NE(lines_of(database, "postgres").find("fsync or full_page_writes is off"), std::string::npos);
  execute(*session, {"ALTER SYSTEM RESET full_page_writes", "SELECT pg_reload_conf()"});
  testing::wait_for_row(*session, "SELECT 1 WHERE current_setting('full_page_writes') = 'on'");
}

}  // namespace
}  // namespace twinlog
