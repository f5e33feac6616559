#include "plugins/postgres/wall_check.h"

#include <utility>

#include "plugins/postgres/migrate.h"

namespace twinlog::postgres {
namespace {

// (whether migrate_roles() mends it, words). Names of policies and columns are the administrator's own and no content.
constexpr std::string_view kFaults = R"(
WITH ours AS (
  SELECT c.oid, c.relname, c.relrowsecurity FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relname IN ('auth_logs', 'auth_log_conflicts', 'account_lockouts')),
walled AS (SELECT * FROM ours UNION ALL SELECT c.oid, c.relname, c.relrowsecurity FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = 'ledger_leaves'),
roles AS (SELECT oid, rolname FROM pg_roles WHERE rolname IN ('twinlog_reader', 'twinlog_writer', 'twinlog_keeper')),
functions AS (
  SELECT p.oid, p.proname FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.proname IN
    ('twinlog_reader_tenant', 'twinlog_reader_organisation', 'twinlog_bound_tenant', 'twinlog_bound_organisation',
     'twinlog_acting_role', 'twinlog_own_tenant', 'twinlog_own_organisation', 'twinlog_own_bound_tenant',
     'twinlog_own_bound_organisation')),
wanted(name, role, command, permissive, form, is_for) AS (VALUES
  ('twinlog_reading', 'twinlog_reader', 'r', true, '%twinlog_own_tenant%twinlog_own_organisation%', 'events'),
  ('twinlog_binding', 'public', '*', false, '%twinlog_own_bound_tenant%twinlog_own_bound_organisation%', 'events'),
  ('twinlog_binding', 'public', '*', false, '%twinlog_own_bound_tenant%', 'leaves'),
  ('twinlog_writing', 'twinlog_writer', '*', true, 'true', 'both'),
  ('twinlog_keeping', 'twinlog_keeper', '*', true, 'true', 'both')),
ledger AS (SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
  AND c.relname IN ('ledger_epochs', 'ledger_tiles', 'ledger_leaves', 'ledger_checkpoints'))
SELECT true, 'row-level security of ' || c.relname || ' is off' FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relrowsecurity
  AND c.relname IN ('auth_logs', 'auth_log_conflicts', 'account_lockouts', 'ledger_leaves', 'twinlog_reader_scope')
UNION ALL
SELECT true, 'the policy ' || w.name || ' of ' || o.relname || ' is missing or was changed'
FROM walled o, wanted w
WHERE w.is_for IN ('both', CASE o.relname WHEN 'ledger_leaves' THEN 'leaves' ELSE 'events' END) AND (w.role = 'public' OR EXISTS (SELECT 1 FROM roles r WHERE r.rolname = w.role)) AND NOT EXISTS (
  SELECT 1 FROM pg_policy p WHERE p.polrelid = o.oid AND p.polname = w.name AND p.polcmd::text = w.command
    AND p.polpermissive = w.permissive
    AND p.polroles = ARRAY[coalesce((SELECT r.oid FROM roles r WHERE r.rolname = w.role), 0::oid)]
    AND pg_get_expr(p.polqual, p.polrelid) LIKE w.form AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '% OR %')
UNION ALL
SELECT true, r.rolname || ' may read ' || o.relname || '.' || a.attname FROM ours o
  JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname IN ('content_hash', 'record_key', 'salts', 'leaf_index', 'fold_state')
  JOIN roles r ON r.rolname = 'twinlog_reader' WHERE has_column_privilege(r.oid, o.oid, a.attnum, 'SELECT')
UNION ALL
SELECT true, 'twinlog_reader may read ' || l.relname FROM ledger l JOIN roles r ON r.rolname = 'twinlog_reader'
WHERE has_any_column_privilege(r.oid, l.oid, 'SELECT')
UNION ALL
SELECT true, 'twinlog_reader may not read ' || o.relname || '.' || a.attname FROM ours o
  JOIN pg_attribute a ON a.attrelid = o.oid AND a.attname IN ('tenant_id', 'log_id', 'has_conflict', 'account', 'tenant_seq')
  JOIN roles r ON r.rolname = 'twinlog_reader' WHERE NOT has_column_privilege(r.oid, o.oid, a.attnum, 'SELECT')
UNION ALL
SELECT true, 'twinlog_writer lacks ' || n.what || ' on ' || n.relation FROM (VALUES ('auth_logs', 'SELECT'),
    ('auth_logs', 'INSERT'), ('auth_log_conflicts', 'SELECT'), ('auth_log_conflicts', 'INSERT'),
    ('account_lockouts', 'SELECT'), ('account_lockouts', 'INSERT'), ('account_lockouts', 'UPDATE'),
    ('twinlog_agents', 'SELECT'), ('twinlog_agents', 'INSERT'), ('twinlog_agents', 'UPDATE'),
    ('twinlog_meta', 'SELECT')) AS n(relation, what)
  JOIN roles r ON r.rolname = 'twinlog_writer' WHERE NOT has_table_privilege(r.oid, to_regclass(n.relation), n.what)
UNION ALL
SELECT true, r.rolname || ' lacks ' || n.what || ' on ' || l.relname FROM ledger l,
  (VALUES ('SELECT'), ('INSERT')) AS n(what), roles r
WHERE r.rolname <> 'twinlog_reader' AND NOT has_table_privilege(r.oid, l.oid, n.what)
UNION ALL
SELECT true, 'twinlog_keeper lacks ' || n.what || ' on ' || n.relation FROM (VALUES ('auth_logs', 'SELECT'),
    ('auth_logs', 'DELETE'), ('auth_log_conflicts', 'SELECT'), ('auth_log_conflicts', 'DELETE'),
    ('account_lockouts', 'SELECT'), ('account_lockouts', 'UPDATE'), ('account_lockouts', 'DELETE'),
    ('ledger_tiles', 'DELETE'), ('ledger_leaves', 'DELETE'), ('ledger_checkpoints', 'DELETE'),
    ('twinlog_agents', 'SELECT'), ('twinlog_meta', 'SELECT')) AS n(relation, what)
  JOIN roles r ON r.rolname = 'twinlog_keeper' WHERE NOT has_table_privilege(r.oid, to_regclass(n.relation), n.what)
UNION ALL
SELECT true, 'twinlog_keeper lacks UPDATE on ' || n.relation || '.' || n.name FROM (VALUES
    ('auth_logs', 'user_id'), ('auth_logs', 'repaired'), ('auth_logs', 'record_key'), ('auth_logs', 'salts'),
    ('auth_logs', 'content_hash'), ('auth_log_conflicts', 'user_id'), ('auth_log_conflicts', 'repaired'),
    ('auth_log_conflicts', 'record_key'), ('auth_log_conflicts', 'salts'), ('auth_log_conflicts', 'content_hash'),
    ('ledger_leaves', 'record_key'), ('ledger_leaves', 'salts'), ('ledger_epochs', 'retired')) AS n(relation, name)
  JOIN roles r ON r.rolname = 'twinlog_keeper' JOIN pg_attribute a ON a.attrelid = to_regclass(n.relation)
    AND a.attname = n.name WHERE NOT has_column_privilege(r.oid, a.attrelid, a.attnum, 'UPDATE')
UNION ALL
SELECT true, 'twinlog_writer lacks UPDATE on auth_logs.has_conflict' FROM roles r, ours o
WHERE r.rolname = 'twinlog_writer' AND o.relname = 'auth_logs'
  AND NOT has_column_privilege(r.oid, o.oid, 'has_conflict', 'UPDATE')
UNION ALL
SELECT true, r.rolname || ' lacks USAGE on the schema' FROM roles r
WHERE NOT has_schema_privilege(r.oid, current_schema(), 'USAGE')
UNION ALL
SELECT true, r.rolname || ' may not execute ' || f.proname FROM functions f, roles r
WHERE (f.proname LIKE 'twinlog_own_bound%' OR (f.proname LIKE 'twinlog_own%' AND r.rolname = 'twinlog_reader'))
  AND NOT has_function_privilege(r.oid, f.oid, 'EXECUTE')
UNION ALL
SELECT false, 'everybody may execute ' || f.proname || '; REVOKE it from PUBLIC' FROM functions f
WHERE has_function_privilege('public', f.oid, 'EXECUTE')
UNION ALL
SELECT false, 'the policy ' || p.polname || ' of ' || o.relname ||
  ' is not one of twinlog''s and shows readers more; drop it, or make it for another role'
FROM walled o JOIN pg_policy p ON p.polrelid = o.oid AND p.polpermissive
  AND p.polname NOT IN ('twinlog_reading', 'twinlog_writing', 'twinlog_keeping')
WHERE EXISTS (SELECT 1 FROM unnest(p.polroles) AS named(role) LEFT JOIN roles r ON r.rolname = 'twinlog_reader'
  WHERE named.role = 0 OR named.role = r.oid OR pg_has_role(named.role, r.oid, 'MEMBER'))
UNION ALL
SELECT false, 'everybody may read columns of ' || o.relname || '; REVOKE it from PUBLIC'
FROM (SELECT oid, relname FROM ours UNION ALL SELECT oid, relname FROM ledger) o
WHERE has_any_column_privilege('public', o.oid, 'SELECT')
UNION ALL
SELECT false, 'the planner keeps statistics of ' || o.relname || ', out of which EXPLAIN tells readers what other tenants '
  'hold; ALTER COLUMN ... SET STATISTICS 0 for ' || string_agg(a.attname, ', ' ORDER BY a.attnum)
FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN roles r ON r.rolname = 'twinlog_reader' AND has_column_privilege(r.oid, o.oid, a.attnum, 'SELECT')
WHERE a.attstattarget IS DISTINCT FROM 0 GROUP BY o.relname
UNION ALL
SELECT false, 'old statistics of ' || s.tablename || ' are left, out of which EXPLAIN tells readers what other tenants '
  'hold; have a superuser run: DELETE FROM pg_statistic WHERE starelid = ''' || s.tablename || '''::regclass'
FROM pg_stats s WHERE s.schemaname = current_schema() AND s.tablename IN (SELECT relname FROM ours) GROUP BY s.tablename
ORDER BY 1 DESC, 2)";

}  // namespace

StoreResult<WallFaults> wall_faults(Connection& connection) {
  auto rows = connection.run_one({kFaults, {}}, kQuestionLimit);
  if (!rows) {
    return std::move(rows).error();
  }
  WallFaults faults;
  for (int row = 0; row < rows->count(); ++row) {
    const bool is_mendable = bool_value(rows->value(row, 0));
    (is_mendable ? faults.mendable : faults.for_people).emplace_back(rows->value(row, 1));
  }
  return faults;
}

}  // namespace twinlog::postgres
