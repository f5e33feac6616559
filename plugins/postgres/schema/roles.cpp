#include <array>

#include "plugins/postgres/schema/steps.h"

// Roles, what they may do, and the policies that name them. All of it may be repeated, and changes only what is missing
// or different: a policy costs a lock that nobody may read beside.
namespace twinlog::postgres {
namespace {

// For each of the three tables and policies: where it is not as it should be, it is made anew. Without the roles only
// the binding is made; nobody else is let in then.
constexpr std::string_view kPolicies = R"(DO $$
DECLARE wanted record;
BEGIN
  FOR wanted IN SELECT c.oid::regclass AS relation FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relname IN ('auth_logs', 'auth_log_conflicts', 'account_lockouts', 'twinlog_reader_scope')
    AND NOT c.relrowsecurity
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', wanted.relation);
  END LOOP;
  FOR wanted IN SELECT * FROM (VALUES ('auth_logs'), ('auth_log_conflicts'), ('account_lockouts')) AS t(relation),
    (VALUES
      ('twinlog_reading', 'twinlog_reader', 'r', true, '%twinlog_own_tenant%twinlog_own_organisation%',
        'FOR SELECT TO twinlog_reader USING (tenant_id = (SELECT twinlog_own_tenant(*)) AND CASE WHEN '
        '(coalesce(organisation_id, '''') = (SELECT twinlog_own_organisation(*))) IS NOT FALSE '
        'THEN true END IS NOT NULL)'),
      ('twinlog_binding', 'public', '*', false, '%twinlog_own_bound_tenant%twinlog_own_bound_organisation%',
        'AS RESTRICTIVE TO PUBLIC USING (CASE WHEN '
        '(tenant_id = (SELECT twinlog_own_bound_tenant(*))) IS NOT FALSE AND '
        '(coalesce(organisation_id, '''') = (SELECT twinlog_own_bound_organisation(*))) IS NOT FALSE '
        'THEN true END IS NOT NULL)'),
      ('twinlog_writing', 'twinlog_writer', '*', true, 'true', 'TO twinlog_writer USING (true) WITH CHECK (true)')
    ) AS p(name, role, command, permissive, form, definition)
  LOOP
    CONTINUE WHEN wanted.role <> 'public' AND NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted.role);
    CONTINUE WHEN EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = to_regclass(wanted.relation)
      AND p.polname = wanted.name AND p.polcmd::text = wanted.command AND p.polpermissive = wanted.permissive
      AND p.polroles = ARRAY[coalesce((SELECT oid FROM pg_roles WHERE rolname = wanted.role), 0::oid)]
      AND pg_get_expr(p.polqual, p.polrelid) LIKE wanted.form AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '% OR %');
    EXECUTE format('DROP POLICY IF EXISTS %I ON %I', wanted.name, wanted.relation);
    EXECUTE format('CREATE POLICY %I ON %I %s', wanted.name, wanted.relation, wanted.definition);
  END LOOP;
END $$)";

// Readers: no hashes and no leaf_index, whose gaps tell the traffic of others. Nobody may read whole tables.
constexpr std::string_view kGrants = R"(DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'twinlog_reader') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO twinlog_reader', current_schema());
    REVOKE ALL ON auth_logs, auth_log_conflicts, account_lockouts FROM twinlog_reader;
    GRANT SELECT (tenant_id, log_id, event_type, occurred_at, organisation_id, user_id, username, actor_id, ip,
      remote_host, user_agent, channel, service, auth_method, failure_reason, failure_code, session_ref, request_id,
      failed_login_attempts, account_locked_until, lock_kind, lock_reason, reset_reason, metadata, received_at,
      effective_at, agent, account, repaired, epoch_id, has_conflict)
    ON auth_logs, auth_log_conflicts TO twinlog_reader;
    GRANT SELECT (tenant_id, account, failed_login_attempts, account_locked_until, lock_kind, lock_reason,
      last_failed_at, last_success_at, last_locked_at, last_reset_at, organisation_id, log_id, effective_at)
    ON account_lockouts TO twinlog_reader;
    GRANT EXECUTE ON FUNCTION twinlog_own_tenant(), twinlog_own_organisation(), twinlog_own_bound_tenant(),
      twinlog_own_bound_organisation() TO twinlog_reader;
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'twinlog_writer') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO twinlog_writer', current_schema());
    GRANT SELECT, INSERT, UPDATE (has_conflict) ON auth_logs TO twinlog_writer;
    GRANT SELECT, INSERT ON auth_log_conflicts TO twinlog_writer;
    GRANT SELECT, INSERT, UPDATE ON account_lockouts, twinlog_agents TO twinlog_writer;
    GRANT SELECT ON twinlog_meta TO twinlog_writer;
    GRANT EXECUTE ON FUNCTION twinlog_own_bound_tenant(), twinlog_own_bound_organisation() TO twinlog_writer;
  END IF;
END $$)";

}  // namespace

std::span<const std::string_view> role_statements() {
  static constexpr auto kStatements = std::to_array<std::string_view>({
      R"(DO $$ BEGIN
  CREATE ROLE twinlog_reader NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$)",
      R"(DO $$ BEGIN
  CREATE ROLE twinlog_writer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$)",
  });
  return kStatements;
}

std::string_view role_sql_for_people() {
  return "CREATE ROLE twinlog_reader NOLOGIN; CREATE ROLE twinlog_writer NOLOGIN;";
}

std::span<const std::string_view> grant_statements() {
  static constexpr auto kStatements = std::to_array<std::string_view>({kGrants, kPolicies});
  return kStatements;
}

}  // namespace twinlog::postgres
