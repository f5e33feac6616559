#include <array>

#include "plugins/postgres/schema/steps.h"

// Roles, what they may do, and the policies that name them. All of it may be repeated, and changes only what is missing
// or different: a policy costs a lock that nobody may read beside.
namespace twinlog::postgres {
namespace {

// For each table with a tenant_id and each policy: where it is not as it should be, it is made anew. Without the roles
// only the binding is made; nobody else is let in then. A table that a later step makes is passed by.
constexpr std::string_view kPolicies = R"(DO $$
DECLARE wanted record;
BEGIN
  FOR wanted IN SELECT c.oid::regclass AS relation FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relname IN ('auth_logs', 'auth_log_conflicts', 'account_lockouts', 'ledger_leaves', 'twinlog_reader_scope')
    AND NOT c.relrowsecurity
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', wanted.relation);
  END LOOP;
  FOR wanted IN SELECT * FROM (VALUES ('auth_logs', 'events'), ('auth_log_conflicts', 'events'),
      ('account_lockouts', 'events'), ('ledger_leaves', 'leaves')) AS t(relation, kind),
    (VALUES
      ('twinlog_reading', 'twinlog_reader', 'r', true, '%twinlog_own_tenant%twinlog_own_organisation%', 'events',
        'FOR SELECT TO twinlog_reader USING (tenant_id = (SELECT twinlog_own_tenant(*)) AND CASE WHEN '
        '(coalesce(organisation_id, '''') = (SELECT twinlog_own_organisation(*))) IS NOT FALSE '
        'THEN true END IS NOT NULL)'),
      ('twinlog_binding', 'public', '*', false, '%twinlog_own_bound_tenant%twinlog_own_bound_organisation%', 'events',
        'AS RESTRICTIVE TO PUBLIC USING (CASE WHEN '
        '(tenant_id = (SELECT twinlog_own_bound_tenant(*))) IS NOT FALSE AND '
        '(coalesce(organisation_id, '''') = (SELECT twinlog_own_bound_organisation(*))) IS NOT FALSE '
        'THEN true END IS NOT NULL)'),
      ('twinlog_binding', 'public', '*', false, '%twinlog_own_bound_tenant%', 'leaves',
        'AS RESTRICTIVE TO PUBLIC USING (CASE WHEN (coalesce(tenant_id, '''') = (SELECT twinlog_own_bound_tenant(*))) '
        'IS NOT FALSE THEN true END IS NOT NULL)'),
      ('twinlog_writing', 'twinlog_writer', '*', true, 'true', 'both',
        'TO twinlog_writer USING (true) WITH CHECK (true)'),
      ('twinlog_keeping', 'twinlog_keeper', '*', true, 'true', 'both',
        'TO twinlog_keeper USING (true) WITH CHECK (true)')
    ) AS p(name, role, command, permissive, form, is_for, definition)
  LOOP
    CONTINUE WHEN to_regclass(wanted.relation) IS NULL OR wanted.is_for NOT IN ('both', wanted.kind);
    CONTINUE WHEN wanted.role <> 'public' AND NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted.role);
    CONTINUE WHEN EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = to_regclass(wanted.relation)
      AND p.polname = wanted.name AND p.polcmd::text = wanted.command AND p.polpermissive = wanted.permissive
      AND p.polroles = ARRAY[coalesce((SELECT oid FROM pg_roles WHERE rolname = wanted.role), 0::oid)]
      AND pg_get_expr(p.polqual, p.polrelid) LIKE wanted.form AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '% OR %');
    EXECUTE format('DROP POLICY IF EXISTS %I ON %I', wanted.name, wanted.relation);
    EXECUTE format('CREATE POLICY %I ON %I %s', wanted.name, wanted.relation, wanted.definition);
  END LOOP;
END $$)";

// Readers: no hashes, no keys, and no leaf_index, whose gaps tell the traffic of others; tenant_seq shows a tenant that
// its own events are whole. Nobody may read whole tables.
constexpr std::string_view kReaderGrants = R"(DO $$ BEGIN
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
    IF to_regclass('ledger_leaves') IS NOT NULL THEN
      GRANT SELECT (tenant_seq, ingress, peer_uid, peer_gid) ON auth_logs, auth_log_conflicts TO twinlog_reader;
      REVOKE ALL ON ledger_epochs, ledger_tiles, ledger_leaves, ledger_checkpoints FROM twinlog_reader;
    END IF;
  END IF;
END $$)";

// The tables of the ledger come with a later step than the first grants.
constexpr std::string_view kWriterGrants = R"(DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'twinlog_writer') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO twinlog_writer', current_schema());
    GRANT SELECT, INSERT, UPDATE (has_conflict) ON auth_logs TO twinlog_writer;
    GRANT SELECT, INSERT ON auth_log_conflicts TO twinlog_writer;
    GRANT SELECT, INSERT, UPDATE ON account_lockouts, twinlog_agents TO twinlog_writer;
    GRANT SELECT ON twinlog_meta TO twinlog_writer;
    GRANT EXECUTE ON FUNCTION twinlog_own_bound_tenant(), twinlog_own_bound_organisation() TO twinlog_writer;
    IF to_regclass('ledger_leaves') IS NOT NULL THEN
      GRANT SELECT, INSERT ON ledger_epochs, ledger_tiles, ledger_leaves, ledger_checkpoints TO twinlog_writer;
    END IF;
  END IF;
END $$)";

// What erasure, retention and retirement do, and nobody else. tenant_id, log_id, event_type and times stay as long as
// the row does.
constexpr std::string_view kKeeperGrants = R"(DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'twinlog_keeper') AND to_regclass('ledger_leaves') IS NOT NULL THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO twinlog_keeper', current_schema());
    GRANT SELECT, INSERT, DELETE ON auth_logs, auth_log_conflicts, account_lockouts, ledger_tiles, ledger_leaves,
      ledger_checkpoints TO twinlog_keeper;
    GRANT SELECT, INSERT ON ledger_epochs TO twinlog_keeper;
    GRANT SELECT ON twinlog_agents, twinlog_meta TO twinlog_keeper;
    GRANT UPDATE (organisation_id, user_id, username, actor_id, ip, remote_host, user_agent, channel, service,
      auth_method, failure_reason, failure_code, session_ref, request_id, failed_login_attempts, account_locked_until,
      lock_kind, lock_reason, reset_reason, metadata, account, repaired, content_hash, record_key, salts)
    ON auth_logs, auth_log_conflicts TO twinlog_keeper;
    GRANT UPDATE (record_key, salts) ON ledger_leaves TO twinlog_keeper;
    GRANT UPDATE (retired) ON ledger_epochs TO twinlog_keeper;
    GRANT UPDATE ON account_lockouts TO twinlog_keeper;
    GRANT EXECUTE ON FUNCTION twinlog_own_bound_tenant(), twinlog_own_bound_organisation() TO twinlog_keeper;
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
      R"(DO $$ BEGIN
  CREATE ROLE twinlog_keeper NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$)",
  });
  return kStatements;
}

std::string_view role_sql_for_people() {
  return "CREATE ROLE twinlog_reader NOLOGIN; CREATE ROLE twinlog_writer NOLOGIN; "
         "CREATE ROLE twinlog_keeper NOLOGIN;";
}

std::span<const std::string_view> grant_statements() {
  static constexpr auto kStatements =
      std::to_array<std::string_view>({kReaderGrants, kWriterGrants, kKeeperGrants, kPolicies});
  return kStatements;
}

}  // namespace twinlog::postgres
