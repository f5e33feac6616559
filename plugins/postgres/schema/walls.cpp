#include <array>

#include "plugins/postgres/schema/parts.h"

// The walls hold for everybody but the owner of the tables and superusers. What a reader is bound to comes from
// functions that the server asks once per query (the SELECT in the policy makes it a plan parameter, and the indexes
// stay usable). They run as the owner, as readers have no right on the table of scopes, and their bodies are parsed now
// (BEGIN ATOMIC): no search path of a caller can put another table in the place of twinlog_reader_scope. The policies
// of these two steps are replaced by those of quiet_walls.cpp.
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

}  // namespace twinlog::postgres
