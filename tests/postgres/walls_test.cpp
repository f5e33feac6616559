// What a reader can see, tried by readers (docs/STORES.md).
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::select;
using testing::sqlstate_of;

constexpr const char* kAll = "SELECT tenant_id, log_id FROM auth_logs ORDER BY 1, 2";
using Lines = std::vector<std::string>;

class PostgresWalls : public ::testing::Test {
 protected:
  PostgresWalls() {
    testing::TestAgent agent(database_);
    agent.deliver({event_of("u", "login_failed", "a1"), of("acme", "north", "a2"), of("acme", "south", "a3"),
                   of("beta", "north", "b1")});
    AuthEvent other = of("beta", "north", "b1");
    other.service = "other";
    agent.deliver({other});
    static int number = 0;
    reader_ = "reader_" + std::to_string(++number);
    execute(*owner_, {"CREATE ROLE " + reader_ + " LOGIN IN ROLE twinlog_reader"});
    session_ = database_.session(reader_);
  }

  static AuthEvent of(const std::string& tenant, const std::string& organisation, const std::string& log_id) {
    AuthEvent event = event_of("u", "login_failed", log_id);
    event.tenant_id = tenant;
    event.organisation_id = organisation;
    return event;
  }
  void set(const std::string& name, const std::string& value) {
    execute(*session_, {"SELECT set_config('twinlog." + name + "', '" + value + "', false)"});
  }
  void bind(const std::string& tenant, const std::string& organisation) {
    execute(*owner_, {"INSERT INTO twinlog_reader_scope VALUES ('" + reader_ + "', '" + tenant + "', " + organisation +
                      ") ON CONFLICT (role) DO UPDATE SET tenant_id = EXCLUDED.tenant_id, organisation_id = "
                      "EXCLUDED.organisation_id"});
  }
  Lines seen() { return select(*session_, kAll); }

  Database database_;
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
  std::string reader_;
  std::unique_ptr<postgres::Connection> session_;
};

TEST_F(PostgresWalls, WithNothingSetAReaderSeesNothing) {
  EXPECT_EQ(seen(), Lines{});
  EXPECT_EQ(select(*session_, "SELECT log_id FROM auth_log_conflicts"), Lines{});
  EXPECT_EQ(select(*session_, "SELECT account FROM account_lockouts"), Lines{});
}

TEST_F(PostgresWalls, AnEmptyTenantShowsNothing) {
  set("tenant_id", "");
  EXPECT_EQ(seen(), Lines{});
}

TEST_F(PostgresWalls, AnOrganisationAloneShowsNothing) {
  set("organisation_id", "north");
  EXPECT_EQ(seen(), Lines{});
}

TEST_F(PostgresWalls, ATenantShowsItsRowsInEveryTable) {
  set("tenant_id", "beta");
  EXPECT_EQ(seen(), Lines{"(beta,b1)"});
  EXPECT_EQ(select(*session_, "SELECT log_id FROM auth_log_conflicts"), Lines{"(b1)"});
  EXPECT_EQ(select(*session_, "SELECT tenant_id, account FROM account_lockouts"), Lines{"(beta,id:u)"});
}

TEST_F(PostgresWalls, AnOrganisationNarrowsATenantAndAnEmptyOneDoesNot) {
  set("tenant_id", "acme");
  set("organisation_id", "");
  EXPECT_EQ(seen(), (Lines{"(acme,a1)", "(acme,a2)", "(acme,a3)"}));
  set("organisation_id", "north");
  EXPECT_EQ(seen(), Lines{"(acme,a2)"});
}

TEST_F(PostgresWalls, ABoundRoleSeesItsTenantWhateverItSets) {
  bind("acme", "'south'");
  EXPECT_EQ(seen(), Lines{"(acme,a3)"});
  set("tenant_id", "beta");
  set("organisation_id", "north");
  EXPECT_EQ(seen(), Lines{"(acme,a3)"});
}

TEST_F(PostgresWalls, ABoundRoleWithoutAnOrganisationSeesTheWholeTenant) {
  bind("acme", "NULL");
  set("tenant_id", "beta");
  EXPECT_EQ(seen().size(), 3U);
  bind("acme", "''");
  EXPECT_EQ(seen().size(), 3U);
}

TEST_F(PostgresWalls, ABoundRoleStaysBoundInTheRoleOfItsGroup) {
  bind("acme", "'south'");
  execute(*session_, {"SET ROLE twinlog_reader"});
  set("tenant_id", "beta");
  EXPECT_EQ(seen(), Lines{"(acme,a3)"});
}

TEST_F(PostgresWalls, ATableOfTheCallersOwnDoesNotReplaceTheScopes) {
  bind("acme", "'south'");
  execute(*session_, {"CREATE TEMP TABLE twinlog_reader_scope (role text, tenant_id text, organisation_id text)",
                      "INSERT INTO twinlog_reader_scope VALUES (current_user, 'beta', NULL)"});
  EXPECT_EQ(seen(), Lines{"(acme,a3)"});
}

TEST_F(PostgresWalls, HashesStatesAndOtherTablesAreClosedToReaders) {
  set("tenant_id", "acme");
  for (const char* const sql : {"SELECT content_hash FROM auth_logs",
                                "SELECT * FROM auth_logs",
                                "SELECT content_hash FROM auth_log_conflicts",
                                "SELECT record_key FROM auth_logs",
                                "SELECT salts FROM auth_logs",
                                "SELECT record_key FROM auth_log_conflicts",
                                "SELECT origin FROM ledger_epochs",
                                "SELECT first_index FROM ledger_tiles",
                                "SELECT tenant_id FROM ledger_leaves",
                                "SELECT size FROM ledger_checkpoints",
                                "SELECT leaf_index FROM auth_logs",
                                "SELECT leaf_index FROM auth_log_conflicts",
                                "SELECT twinlog_reader_tenant('bound')",
                                "SELECT twinlog_bound_tenant('bound')",
                                "SELECT twinlog_reader_organisation('bound')",
                                "SELECT twinlog_bound_organisation('bound')",
                                "SELECT twinlog_acting_role('bound')",
                                "SELECT fold_state FROM account_lockouts",
                                "SELECT role FROM twinlog_reader_scope",
                                "SELECT agent FROM twinlog_agents",
                                "SELECT name FROM twinlog_meta",
                                "INSERT INTO auth_logs (tenant_id) VALUES ('acme')",
                                "UPDATE auth_logs SET has_conflict = true",
                                "DELETE FROM auth_logs",
                                "TRUNCATE auth_logs",
                                "COPY auth_logs TO STDOUT"}) {
    EXPECT_EQ(sqlstate_of(*session_, sql), "42501") << sql;
  }
}

TEST_F(PostgresWalls, EveryOtherColumnIsOpenToReaders) {
  set("tenant_id", "acme");
  const Lines columns = select(*owner_,
                               "SELECT attname FROM pg_attribute WHERE attrelid = 'auth_logs'::regclass AND "
                               "attnum > 0 AND attname NOT IN ('content_hash', 'leaf_index', 'record_key', 'salts')");
  EXPECT_GE(columns.size(), 35U);
  for (const std::string& column : columns) {
    EXPECT_EQ(sqlstate_of(*session_, "SELECT " + column.substr(1, column.size() - 2) + " FROM auth_logs"), "")
        << column;
  }
}

TEST_F(PostgresWalls, ARightGrantedByMistakeShowsNothingToOthers) {
  execute(*owner_, {"GRANT SELECT ON auth_logs TO PUBLIC", "GRANT USAGE ON SCHEMA " + database_.schema() + " TO PUBLIC",
                    "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN"});
  EXPECT_EQ(select(*database_.session("stranger"), kAll), Lines{});
}

TEST_F(PostgresWalls, ABoundRoleThatMayWriteWritesForItsTenantOnly) {
  bind("acme", "NULL");
  execute(*owner_, {"GRANT twinlog_writer TO " + reader_});
  execute(*session_, {"UPDATE auth_logs SET has_conflict = true"});
  EXPECT_EQ(select(*owner_, "SELECT DISTINCT tenant_id FROM auth_logs WHERE has_conflict AND log_id <> 'b1'"),
            Lines{"(acme)"});
  const std::string insert =
      "INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, received_at, effective_at, agent, epoch_id, "
      "leaf_index) SELECT 'beta', 'ID', 'x', now(), now(), now(), '', gen_random_uuid(), 0 ON CONFLICT DO NOTHING";
  for (const std::string id : {"b1", "never-seen"}) {  // The same answer, whether the key is there or not.
    std::string sql = insert;
    EXPECT_EQ(sqlstate_of(*session_, sql.replace(sql.find("ID"), 2, id)), "42501") << id;
  }
  EXPECT_EQ(sqlstate_of(*session_,
                        "INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, "
                        "log_id, effective_at, fold_state) VALUES ('beta', 'x', 0, '', '', now(), '')"),
            "42501");
}

TEST_F(PostgresWalls, ABoundRoleThatMayWriteReachesNoOtherOrganisationAndMovesNoRow) {
  execute(*owner_, {"GRANT twinlog_writer TO " + reader_});
  const std::string accounts =
      "SELECT tenant_id, organisation_id, failed_login_attempts FROM account_lockouts ORDER BY 1";
  const Lines before{"(acme,south,3)", "(beta,north,2)"};
  ASSERT_EQ(select(*owner_, accounts), before);
  bind("acme", "'north'");
  execute(*session_,
          {"UPDATE account_lockouts SET failed_login_attempts = 99", "UPDATE auth_logs SET has_conflict = true"});
  EXPECT_EQ(select(*owner_, "SELECT log_id FROM auth_logs WHERE has_conflict ORDER BY 1"), (Lines{"(a2)", "(b1)"}));
  for (const std::string values :
       {"('beta', 'id:u', 99, '', 'north', '', now(), '')", "('acme', 'id:u', 99, '', 'north', '', now(), '')",
        "('acme', 'id:new', 99, '', 'south', '', now(), '')"}) {
    EXPECT_EQ(sqlstate_of(*session_,
                          "INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, "
                          "organisation_id, log_id, effective_at, fold_state) VALUES " +
                              values + " ON CONFLICT (tenant_id, account) DO UPDATE SET failed_login_attempts = 99"),
              "42501")
        << values;
  }
  bind("acme", "NULL");
  EXPECT_EQ(sqlstate_of(*session_, "UPDATE account_lockouts SET tenant_id = 'beta', account = 'id:moved'"), "42501");
  EXPECT_EQ(select(*owner_, accounts), before);
}

TEST_F(PostgresWalls, TheRowOfEveryRoleBindsReadersThatAreNotListed) {
  execute(*owner_, {"INSERT INTO twinlog_reader_scope VALUES ('*', '', NULL)"});
  set("tenant_id", "beta");
  EXPECT_EQ(seen(), Lines{});
  bind("acme", "'south'");
  EXPECT_EQ(seen(), Lines{"(acme,a3)"});
}

TEST_F(PostgresWalls, HelperFunctionsAreForOurRolesOnlyAndTellARoleItsOwnScope) {
  bind("acme", "NULL");
  execute(*owner_, {"GRANT USAGE ON SCHEMA " + database_.schema() + " TO PUBLIC", "DROP ROLE IF EXISTS stranger",
                    "CREATE ROLE stranger LOGIN"});
  const auto stranger = database_.session("stranger");
  for (const char* const function : {"twinlog_own_tenant(*)", "twinlog_own_organisation(*)",
                                     "twinlog_own_bound_tenant(*)", "twinlog_own_bound_organisation(*)"}) {
    EXPECT_EQ(sqlstate_of(*stranger, std::string("SELECT ") + function), "42501") << function;
  }
  EXPECT_EQ(select(*session_, "SELECT twinlog_own_tenant(*)"), Lines{"(acme)"});
  EXPECT_EQ(sqlstate_of(*session_,
                        "CREATE AGGREGATE pg_temp.thief(*) (sfunc = twinlog_acting_role, stype = name, "
                        "finalfunc = twinlog_reader_tenant)"),
            "42501");
}

}  // namespace
}  // namespace twinlog
