#include <array>
#include <vector>

#include "plugins/postgres/schema/parts.h"
#include "plugins/postgres/schema/steps.h"

// Walls that tell nothing and cost no plan.
//
// Who asks. The functions of step 3 take the role's name, so whoever may call them can ask about anybody. Nobody may
// any more; they became the last step of four aggregates without arguments. An aggregate's first function runs as the
// caller and gives current_user (that of a lent SECURITY DEFINER function, too, which session_user is not), its last
// one runs as the owner, and PostgreSQL asks only whether the caller may call the whole. So a role learns its own
// scope.
//
// What EXPLAIN shows. The planner uses what it knows of all rows for a reader's own conditions (texteq and its like are
// leakproof), and a reader can bisect any value out of its estimates. So the columns have no statistics at all.
//
// What the planner believes. Conditions that mostly hold are estimated as if they hardly ever did, which costs the
// ordered scans of an index. `CASE WHEN ... THEN true END IS NOT NULL` says the same and counts as 0.995. NULL means
// "not bound", hence IS NOT FALSE; a scope is never ''.
namespace twinlog::postgres {

namespace {

constexpr auto kFunctions = std::to_array<std::string_view>({
    // The row of the role '*' binds every reader that is not listed; tenant '' then shows it nothing.
    R"(CREATE OR REPLACE FUNCTION twinlog_reader_tenant(acting_role name) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = session_user::text COLLATE "C"),
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = acting_role::text COLLATE "C"),
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = '*'),
    current_setting('twinlog.tenant_id', true));
END)",
    "CREATE OR REPLACE FUNCTION twinlog_acting_role(state name) RETURNS name LANGUAGE sql STABLE PARALLEL SAFE RETURN "
    "current_user",
    "CREATE OR REPLACE AGGREGATE twinlog_own_tenant(*) (sfunc = twinlog_acting_role, stype = name, "
    "finalfunc = twinlog_reader_tenant, parallel = safe)",
    "CREATE OR REPLACE AGGREGATE twinlog_own_organisation(*) (sfunc = twinlog_acting_role, stype = name, "
    "finalfunc = twinlog_reader_organisation, parallel = safe)",
    "CREATE OR REPLACE AGGREGATE twinlog_own_bound_tenant(*) (sfunc = twinlog_acting_role, stype = name, "
    "finalfunc = twinlog_bound_tenant, parallel = safe)",
    "CREATE OR REPLACE AGGREGATE twinlog_own_bound_organisation(*) (sfunc = twinlog_acting_role, stype = name, "
    "finalfunc = twinlog_bound_organisation, parallel = safe)",
    "REVOKE EXECUTE ON FUNCTION twinlog_reader_tenant(name), twinlog_reader_organisation(name), "
    "twinlog_bound_tenant(name), twinlog_bound_organisation(name), twinlog_acting_role(name), twinlog_own_tenant(), "
    "twinlog_own_organisation(), twinlog_own_bound_tenant(), twinlog_own_bound_organisation() FROM PUBLIC",
});

}  // namespace

std::span<const std::string_view> quiet_wall_statements() {
  static const auto statements = [] {
    std::vector<std::string_view> all(kFunctions.begin(), kFunctions.end());
    all.insert(all.end(), grant_statements().begin(), grant_statements().end());
    return all;
  }();
  return statements;
}

// Of rows that were there before, statistics may be left: only a superuser can remove them (anybody who owns the table
// from PostgreSQL 18 on). Where that is not to be had, `check` prints what to run.
std::span<const std::string_view> quiet_planner_statements() {
  static constexpr auto kStatements = std::to_array<std::string_view>({
      R"(DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT c.oid::regclass AS relation, c.relname, a.attname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relname IN ('auth_logs', 'auth_log_conflicts', 'account_lockouts')
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', each.relation, each.attname);
    IF current_setting('server_version_num')::integer >= 180000 THEN
      EXECUTE format('SELECT pg_clear_attribute_stats(%L, %L, %L, false)', current_schema(), each.relname, each.attname);
    END IF;
  END LOOP;
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    DELETE FROM pg_statistic WHERE starelid IN
      (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace
        AND relname IN ('auth_logs', 'auth_log_conflicts', 'account_lockouts'));
  END IF;
END $$)",
      // By default the first vacuum of a table that only grows comes after a fifth of it, and a hot account's row
      // gathers as many dead versions: a visible page less is a page more to read.
      "ALTER TABLE auth_logs SET (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_freeze_min_age = 10000000)",
      "ALTER TABLE auth_log_conflicts SET (autovacuum_vacuum_insert_scale_factor = 0.01, "
      "autovacuum_freeze_min_age = 10000000)",
      "ALTER TABLE account_lockouts SET (autovacuum_vacuum_scale_factor = 0.02)",
      "ALTER TABLE twinlog_agents SET (autovacuum_vacuum_scale_factor = 0.02)",
  });
  return kStatements;
}

}  // namespace twinlog::postgres
