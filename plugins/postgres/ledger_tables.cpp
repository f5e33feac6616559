#include "plugins/postgres/ledger_tables.h"

#include <array>
#include <utility>

#include "plugins/postgres/columns.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

struct Table {
  std::string_view name;
  std::string_view columns;  ///< "name type, ..."; those of records come from columns().
};

constexpr auto kTables = std::to_array<Table>({
    {kLedgerEpochs, "epoch_id uuid, origin text, open bytea, note text, retired text"},
    {kLedgerTiles,
     "epoch_id uuid, first_index bigint, leaf_count integer, first_accept_at timestamptz, last_accept_at timestamptz, "
     "hashes bytea"},
    {kLedgerLeaves,
     "epoch_id uuid, leaf_index bigint, leaf bytea, tenant_id text, log_id text, tenant_seq bigint, record_key bytea, "
     "salts bytea"},
    {kLedgerCheckpoints, "epoch_id uuid, size bigint, root bytea, note text, accepted_at timestamptz"},
    {kRecords, ""},
    {kConflicts, ""},
    {kAccounts,
     "tenant_id text, account text, failed_login_attempts integer, account_locked_until timestamptz, lock_kind text, "
     "lock_reason text, last_failed_at timestamptz, last_success_at timestamptz, last_locked_at timestamptz, "
     "last_reset_at timestamptz, organisation_id text, log_id text, effective_at timestamptz, fold_state bytea"},
});

/// "name type" of each column.
std::vector<std::string> columns_of(const Table& table) {
  std::vector<std::string> all;
  if (!table.columns.empty()) {
    std::string_view left = table.columns;
    while (!left.empty()) {
      const std::string_view each = left.substr(0, left.find(','));
      all.emplace_back(each);
      left.remove_prefix(std::min(left.size(), each.size() + 2));
    }
    return all;
  }
  for (const Column& column : columns()) {
    const bool is_array = column.name == "repaired";  // Sent as text, and kept as an array.
    all.push_back(std::string(column.name) + " " + std::string(column.type.name) + (is_array ? "[]" : ""));
  }
  all.emplace_back("has_conflict boolean");
  all.emplace_back("salts bytea");
  return all;
}

std::string name_of(std::string_view column) {
  return std::string(column.substr(0, column.find(' ')));
}

std::string values_of_all() {
  std::string values;
  for (const Table& table : kTables) {
    for (const std::string& column : columns_of(table)) {
      const std::string name = name_of(column);
      values += std::string(values.empty() ? "" : ", ") + "('" + std::string(table.name) + "', '" + name + "', '" +
                column.substr(name.size() + 1) + "')";
    }
  }
  return values;
}

// (whether it is a fault, words). Names of columns are the administrator's own and no content.
const std::string& sql_of_faults() {
  static const std::string sql =
      "WITH wanted(relation, name, type) AS (VALUES " + values_of_all() +
      "), relations AS (SELECT c.oid, c.relname, c.relkind FROM pg_class c "
      "WHERE c.relnamespace = current_schema()::regnamespace AND c.relname IN (SELECT relation FROM wanted)) "
      "SELECT true, w.relation || ' is missing' FROM wanted w WHERE NOT EXISTS (SELECT FROM relations r "
      "WHERE r.relname = w.relation) GROUP BY w.relation "
      "UNION ALL SELECT true, r.relname || ' is no table (a view, or lies elsewhere)' FROM relations r "
      "WHERE r.relkind NOT IN ('r', 'p') "
      "UNION ALL SELECT true, w.relation || '.' || w.name || CASE WHEN a.attname IS NULL THEN ' is missing' "
      "ELSE ' is not of the type ' || w.type END FROM wanted w JOIN relations r ON r.relname = w.relation "
      "LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped "
      "WHERE a.atttypid IS DISTINCT FROM to_regtype(w.type)::oid "
      "UNION ALL SELECT false, r.relname || '.' || a.attname FROM relations r JOIN pg_attribute a "
      "ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped "
      "WHERE r.relname IN ('auth_logs', 'auth_log_conflicts') AND NOT EXISTS (SELECT FROM wanted w "
      "WHERE w.relation = r.relname AND w.name = a.attname) ORDER BY 1 DESC, 2";
  return sql;
}

// One snapshot for all that a call reads. The limits of the role are for short questions.
constexpr std::string_view kBeginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::string_view kReadingSettings =
    "SELECT set_config('lock_timeout', '10s', true), set_config('statement_timeout', '0', true), "
    "set_config('idle_in_transaction_session_timeout', '0', true)";
// Of each table that row-level security is active on for this role: whether something filters it. What does not is a
// policy that shows every row, with no other restriction than our own binding, which twinlog_reader_scope may apply.
constexpr std::string_view kFilters =
    "SELECT c.relname, NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive "
    "AND p.polcmd IN ('*', 'r') AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND EXISTS (SELECT FROM "
    "unnest(p.polroles) AS named(role) WHERE named.role = 0 OR pg_has_role(named.role, 'USAGE'))) "
    "OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd IN ('*', 'r') "
    "AND NOT (p.polname = 'twinlog_binding' AND pg_get_expr(p.polqual, p.polrelid) LIKE "
    "'%twinlog_own_bound_tenant%') AND EXISTS (SELECT FROM unnest(p.polroles) AS named(role) "
    "WHERE named.role = 0 OR pg_has_role(named.role, 'USAGE'))) "
    "FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY($1) "
    "AND row_security_active(c.oid)";
constexpr std::string_view kIsBound = "SELECT (SELECT twinlog_own_bound_tenant(*)) IS NOT NULL";
constexpr std::string_view kNothingFiltered = "SELECT set_config('row_security', 'off', true)";

StoreError filtered(const std::string& table) {
  return {.reaction = Reaction::kHold,
          .code = "",
          .constraint = "",
          .words = "row-level security may hide rows of " + table +
                   " from this role, and what is not seen cannot be verified; use the owner of the tables, or a login "
                   "IN ROLE twinlog_writer that twinlog_reader_scope does not bind"};
}

StoreStatus look_for_filters(Connection& connection, const Rows& filters) {
  for (int row = 0; row < filters.count(); ++row) {
    if (bool_value(filters.value(row, 1))) {
      return filtered(std::string(filters.value(row, 0)));
    }
  }
  if (filters.count() == 0) {  // Should it come to be filtered after all, that is an error, never fewer rows.
    auto set = connection.run_one({kNothingFiltered, {}}, kQuestionLimit);
    return set ? std::nullopt : StoreStatus(std::move(set).error());
  }
  auto bound = connection.run_one({kIsBound, {}}, kQuestionLimit);
  if (!bound) {
    return std::move(bound).error();
  }
  return bool_value(bound->value(0, 0)) ? StoreStatus(filtered(std::string(filters.value(0, 0)))) : std::nullopt;
}

}  // namespace

std::string ledger_columns(std::string_view name) {
  std::string list;
  for (const Table& table : kTables) {
    if (table.name == name) {
      for (const std::string& column : columns_of(table)) {
        list += (list.empty() ? "" : ", ") + name_of(column);
      }
    }
  }
  return list;
}

StoreResult<TableFaults> table_faults(Connection& connection) {
  auto rows = connection.run_one({sql_of_faults(), {}}, kQuestionLimit);
  if (!rows) {
    return std::move(rows).error();
  }
  TableFaults found;
  for (int row = 0; row < rows->count(); ++row) {
    (bool_value(rows->value(row, 0)) ? found.faults : found.unknown).emplace_back(rows->value(row, 1));
  }
  return found;
}

StoreStatus begin_unfiltered(Connection& connection, std::span<const std::string_view> tables) {
  std::vector<std::string> locks;
  ArrayBuilder names(kText);
  for (const std::string_view table : tables) {
    locks.push_back("LOCK TABLE " + std::string(table) + " IN ACCESS SHARE MODE");
    names.bytes(table);
  }
  std::vector<Statement> statements{{kBeginReading, {}}, {kReadingSettings, {}}};
  for (const std::string& lock : locks) {
    statements.push_back({lock, {}});
  }
  statements.push_back({kFilters, {names.take()}});
  auto begun = connection.run(statements, kQuestionLimit);
  StoreStatus failure = begun ? look_for_filters(connection, begun->back()) : StoreStatus(std::move(begun).error());
  if (failure) {
    roll_back(connection);
  }
  return failure;
}

}  // namespace twinlog::postgres
