#include "plugins/postgres/migrate.h"

#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/schema/steps.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// "twinlog" in ASCII: the advisory lock of everybody who changes this schema.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(x'7477696e6c6f67'::bigint)";
constexpr std::string_view kSynchronous = "SET LOCAL synchronous_commit = on";
constexpr std::string_view kMetaTable =
    "CREATE TABLE IF NOT EXISTS twinlog_meta (name text COLLATE \"C\" PRIMARY KEY, value text NOT NULL, "
    "recorded_at timestamptz NOT NULL DEFAULT now())";
constexpr std::string_view kVersionRow =
    "INSERT INTO twinlog_meta (name, value) VALUES ('schema.' || lpad($1::bigint::text, 4, '0'), $2)";
constexpr std::string_view kUnicodeRow =
    "INSERT INTO twinlog_meta (name, value) VALUES ('unicode_version', $1) ON CONFLICT (name) DO NOTHING";
constexpr std::string_view kVersion =
    "SELECT coalesce(max(right(name, 4)::bigint), 0) FROM twinlog_meta WHERE name ~ '^schema\\.[0-9]{4}$'";
// Without any schema in reach current_schema() is null: quote_ident() hands that on, format('%I') fails.
constexpr std::string_view kState =
    "SELECT coalesce(current_schema(), ''), "
    "to_regclass(quote_ident(current_schema()) || '.twinlog_meta') IS NOT NULL";
constexpr std::string_view kRoles =
    "SELECT (SELECT count(*) FROM pg_roles WHERE rolname IN ('twinlog_reader', 'twinlog_writer')), "
    "(SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)";
constexpr std::int64_t kRoleCount = 2;

StoreError no_schema() {
  return {.reaction = Reaction::kHold,
          .code = "3F000",
          .constraint = "",
          .words =
              "no schema of the search path exists or may be used by this role; create one, grant USAGE on it, or "
              "set another with ALTER ROLE ... SET search_path"};
}

/// Runs the statements between what begin_locked() opened and COMMIT.
std::optional<StoreError> finish(Connection& connection, std::vector<Statement> statements) {
  statements.push_back({"COMMIT", {}});
  auto rows = connection.run(statements, kMigrationLimit);
  if (auto* error = std::get_if<StoreError>(&rows)) {
    return std::move(*error);
  }
  if (std::get<0>(rows).back().tag() != "COMMIT") {
    return StoreError{.reaction = Reaction::kRetry,
                      .code = "",
                      .constraint = "",
                      .words = "PostgreSQL rolled the migration back; it is tried again"};
  }
  return std::nullopt;
}

/// Leaves the transaction after an error, so that the connection can be used on.
StoreError abandon(Connection& connection, StoreError error) {
  if (connection.is_usable() && connection.is_in_transaction()) {
    static_cast<void>(connection.run_one({"ROLLBACK", {}}, kQuestionLimit));
  }
  return error;
}

/// One step, unless somebody else did it while we waited for the lock. Gives whether it was done here.
StoreResult<bool> run_step(Connection& connection, const SchemaStep& step) {
  const Statement begin[] = {{kBegin, {}}, {kLock, {}}, {kSynchronous, {}}, {kMetaTable, {}}, {kVersion, {}}};
  auto begun = connection.run(begin, kMigrationLimit);
  if (auto* error = std::get_if<StoreError>(&begun)) {
    return abandon(connection, std::move(*error));
  }
  TWINLOG_KILL_POINT("postgres.step_locked");
  std::vector<Statement> statements;
  const bool is_missing = int8_value(std::get<0>(begun).back().value(0, 0)) < step.number;
  if (is_missing) {
    for (const std::string_view sql : step.statements) {
      statements.push_back({sql, {}});
    }
    statements.push_back({kVersionRow, {int8_parameter(step.number), text_parameter(step.title)}});
    statements.push_back({kUnicodeRow, {text_parameter(folding_unicode_version())}});
  }
  if (auto error = finish(connection, std::move(statements))) {
    return abandon(connection, std::move(*error));
  }
  TWINLOG_KILL_POINT("postgres.step_committed");
  return is_missing;
}

CheckLine roles_are_missing() {
  return {.is_problem = true,
          .text =
              "PostgreSQL: the roles twinlog_reader and twinlog_writer are missing and this role may not create them; "
              "have an administrator run: " +
              std::string(role_sql_for_people()) + " and then run `twinlog migrate` again"};
}

}  // namespace

StoreResult<SchemaState> read_schema_state(Connection& connection) {
  auto state_rows = connection.run_one({kState, {}}, kQuestionLimit);
  if (auto* error = std::get_if<StoreError>(&state_rows)) {
    return std::move(*error);
  }
  const Rows& row = std::get<0>(state_rows);
  SchemaState state{.schema = std::string(row.value(0, 0)), .version = 0};
  if (state.schema.empty()) {
    return no_schema();
  }
  if (!bool_value(row.value(0, 1))) {
    return state;
  }
  auto version = connection.run_one({kVersion, {}}, kQuestionLimit);
  if (auto* error = std::get_if<StoreError>(&version)) {
    return std::move(*error);
  }
  state.version = static_cast<int>(int8_value(std::get<0>(version).value(0, 0)));
  return state;
}

StoreResult<std::vector<CheckLine>> migrate_schema(Connection& connection) {
  auto read = read_schema_state(connection);
  if (auto* error = std::get_if<StoreError>(&read)) {
    return std::move(*error);
  }
  const SchemaState& state = std::get<0>(read);
  std::vector<CheckLine> lines;
  for (const SchemaStep& step : schema_steps()) {
    if (step.number <= state.version) {
      continue;
    }
    auto done = run_step(connection, step);
    if (auto* error = std::get_if<StoreError>(&done)) {
      return std::move(*error);
    }
    if (std::get<0>(done)) {
      lines.push_back({.is_problem = false,
                       .text = "PostgreSQL: schema step " + std::to_string(step.number) + " (" +
                               std::string(step.title) + ") done in schema " + state.schema});
    }
  }
  if (lines.empty()) {
    lines.push_back({.is_problem = false, .text = "PostgreSQL: the schema in " + state.schema + " is current"});
  }
  return lines;
}

StoreResult<std::vector<CheckLine>> migrate_roles(Connection& connection) {
  auto rows = connection.run_one({kRoles, {}}, kQuestionLimit);
  if (auto* error = std::get_if<StoreError>(&rows)) {
    return std::move(*error);
  }
  const bool are_there = int8_value(std::get<0>(rows).value(0, 0)) == kRoleCount;
  const bool may_create = bool_value(std::get<0>(rows).value(0, 1));
  if (!are_there && !may_create) {
    return std::vector<CheckLine>{roles_are_missing()};
  }
  std::vector<Statement> statements{{kBegin, {}}, {kLock, {}}};
  if (!are_there) {
    for (const std::string_view sql : role_statements()) {
      statements.push_back({sql, {}});
    }
  }
  for (const std::string_view sql : grant_statements()) {
    statements.push_back({sql, {}});
  }
  if (auto error = finish(connection, std::move(statements))) {
    return abandon(connection, std::move(*error));
  }
  TWINLOG_KILL_POINT("postgres.roles_committed");
  return std::vector<CheckLine>{
      {.is_problem = false, .text = "PostgreSQL: the roles twinlog_reader and twinlog_writer have their rights"}};
}

}  // namespace twinlog::postgres
