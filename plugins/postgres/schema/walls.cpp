#include <array>

#include "plugins/postgres/schema/parts.h"
#include "plugins/postgres/schema/steps.h"

// The walls hold for everybody but the owner of the tables and superusers: the policies below speak to PUBLIC, so a
// right granted to some other role by mistake shows one tenant at the most. What a reader is bound to comes from two
// functions that the server asks once per query (the SELECT in the policy makes it a plan parameter, and the indexes
// stay usable). They run as the owner, as readers have no right on the table of scopes, and their bodies are parsed now
// (BEGIN ATOMIC): no search path of a caller can put another table in the place of twinlog_reader_scope.
//
// session_user is the login; current_user differs after SET ROLE. The first that is listed binds.
namespace twinlog::postgres {

std::span<const std::string_view> wall_statements() {
  static constexpr auto kStatements = std::to_array<std::string_view>({
      R"(CREATE FUNCTION twinlog_reader_tenant(acting_role name) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = session_user::text COLLATE "C"),
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = acting_role::text COLLATE "C"),
    current_setting('twinlog.tenant_id', true));
END)",
      R"(CREATE FUNCTION twinlog_reader_organisation(acting_role name) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(
    (SELECT nullif(s.organisation_id, '') FROM twinlog_reader_scope s WHERE s.role = session_user::text COLLATE "C"),
    (SELECT nullif(s.organisation_id, '') FROM twinlog_reader_scope s WHERE s.role = acting_role::text COLLATE "C"),
    nullif(current_setting('twinlog.organisation_id', true), ''));
END)",
      "ALTER TABLE auth_logs ENABLE ROW LEVEL SECURITY",
      "ALTER TABLE auth_log_conflicts ENABLE ROW LEVEL SECURITY",
      "ALTER TABLE account_lockouts ENABLE ROW LEVEL SECURITY",
      "ALTER TABLE twinlog_reader_scope ENABLE ROW LEVEL SECURITY",
      R"(CREATE POLICY twinlog_reading ON auth_logs FOR SELECT
USING (tenant_id = (SELECT twinlog_reader_tenant(current_user))
  AND ((SELECT twinlog_reader_organisation(current_user)) IS NULL
    OR organisation_id = (SELECT twinlog_reader_organisation(current_user)))))",
      R"(CREATE POLICY twinlog_reading ON auth_log_conflicts FOR SELECT
USING (tenant_id = (SELECT twinlog_reader_tenant(current_user))
  AND ((SELECT twinlog_reader_organisation(current_user)) IS NULL
    OR organisation_id = (SELECT twinlog_reader_organisation(current_user)))))",
      R"(CREATE POLICY twinlog_reading ON account_lockouts FOR SELECT
USING (tenant_id = (SELECT twinlog_reader_tenant(current_user))
  AND ((SELECT twinlog_reader_organisation(current_user)) IS NULL
    OR organisation_id = (SELECT twinlog_reader_organisation(current_user)))))",
  });
  return kStatements;
}

// Permissive policies add up: a listed role that is a member of twinlog_writer, too, or that an administrator gave a
// policy of its own, saw every tenant. These restrict whatever the others allow; for a role that is not listed they
// cost one question per statement, and readers that are not listed are bound by what they set, as before.
std::span<const std::string_view> binding_statements() {
  static constexpr auto kStatements = std::to_array<std::string_view>({
      R"(CREATE FUNCTION twinlog_bound_tenant(acting_role name) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = session_user::text COLLATE "C"),
    (SELECT s.tenant_id FROM twinlog_reader_scope s WHERE s.role = acting_role::text COLLATE "C"));
END)",
      R"(CREATE FUNCTION twinlog_bound_organisation(acting_role name) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(
    (SELECT nullif(s.organisation_id, '') FROM twinlog_reader_scope s WHERE s.role = session_user::text COLLATE "C"),
    (SELECT nullif(s.organisation_id, '') FROM twinlog_reader_scope s WHERE s.role = acting_role::text COLLATE "C"));
END)",
      R"(CREATE POLICY twinlog_binding ON auth_logs AS RESTRICTIVE FOR SELECT
USING ((SELECT twinlog_bound_tenant(current_user)) IS NULL
  OR (tenant_id = (SELECT twinlog_bound_tenant(current_user))
    AND ((SELECT twinlog_bound_organisation(current_user)) IS NULL
      OR organisation_id = (SELECT twinlog_bound_organisation(current_user))))))",
      R"(CREATE POLICY twinlog_binding ON auth_log_conflicts AS RESTRICTIVE FOR SELECT
USING ((SELECT twinlog_bound_tenant(current_user)) IS NULL
  OR (tenant_id = (SELECT twinlog_bound_tenant(current_user))
    AND ((SELECT twinlog_bound_organisation(current_user)) IS NULL
      OR organisation_id = (SELECT twinlog_bound_organisation(current_user))))))",
      R"(CREATE POLICY twinlog_binding ON account_lockouts AS RESTRICTIVE FOR SELECT
USING ((SELECT twinlog_bound_tenant(current_user)) IS NULL
  OR (tenant_id = (SELECT twinlog_bound_tenant(current_user))
    AND ((SELECT twinlog_bound_organisation(current_user)) IS NULL
      OR organisation_id = (SELECT twinlog_bound_organisation(current_user))))))",
  });
  return kStatements;
}

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
  static constexpr auto kStatements = std::to_array<std::string_view>({
      R"(DO $$ BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO twinlog_reader, twinlog_writer', current_schema());
END $$)",
      R"(GRANT SELECT (tenant_id, log_id, event_type, occurred_at, organisation_id, user_id, username, actor_id, ip,
  remote_host, user_agent, channel, service, auth_method, failure_reason, failure_code, session_ref, request_id,
  failed_login_attempts, account_locked_until, lock_kind, lock_reason, reset_reason, metadata, received_at,
  effective_at, agent, account, repaired, epoch_id, leaf_index, has_conflict)
ON auth_logs, auth_log_conflicts TO twinlog_reader)",
      R"(GRANT SELECT (tenant_id, account, failed_login_attempts, account_locked_until, lock_kind, lock_reason,
  last_failed_at, last_success_at, last_locked_at, last_reset_at, organisation_id, log_id, effective_at)
ON account_lockouts TO twinlog_reader)",
      "GRANT SELECT, INSERT, UPDATE (has_conflict) ON auth_logs TO twinlog_writer",
      "GRANT SELECT, INSERT ON auth_log_conflicts TO twinlog_writer",
      "GRANT SELECT, INSERT, UPDATE ON account_lockouts, twinlog_agents TO twinlog_writer",
      "GRANT SELECT ON twinlog_meta TO twinlog_writer",
      "DROP POLICY IF EXISTS twinlog_writing ON auth_logs",
      "CREATE POLICY twinlog_writing ON auth_logs TO twinlog_writer USING (true) WITH CHECK (true)",
      "DROP POLICY IF EXISTS twinlog_writing ON auth_log_conflicts",
      "CREATE POLICY twinlog_writing ON auth_log_conflicts TO twinlog_writer USING (true) WITH CHECK (true)",
      "DROP POLICY IF EXISTS twinlog_writing ON account_lockouts",
      "CREATE POLICY twinlog_writing ON account_lockouts TO twinlog_writer USING (true) WITH CHECK (true)",
  });
  return kStatements;
}

}  // namespace twinlog::postgres
