#include <utility>

#include "plugins/postgres/migrate.h"
#include "plugins/postgres/postgres_store.h"
#include "plugins/postgres/requirements.h"
#include "plugins/postgres/schema/steps.h"

namespace twinlog {
namespace postgres {
namespace {

// What a writer must be able to do; gives what it cannot.
constexpr std::string_view kMissingRights =
    "SELECT coalesce(string_agg(r.what || ' on ' || r.relation, ', ' ORDER BY r.relation, r.what), '') FROM (VALUES "
    "('auth_logs', 'SELECT'), ('auth_logs', 'INSERT'), ('auth_log_conflicts', 'SELECT'), "
    "('auth_log_conflicts', 'INSERT'), ('account_lockouts', 'SELECT'), ('account_lockouts', 'INSERT'), "
    "('account_lockouts', 'UPDATE'), ('twinlog_agents', 'SELECT'), ('twinlog_agents', 'INSERT'), "
    "('twinlog_agents', 'UPDATE'), ('twinlog_meta', 'SELECT')) AS r(relation, what) "
    "WHERE NOT has_table_privilege(r.relation, r.what)";

constexpr std::string_view kWalls =
    "SELECT has_column_privilege('auth_logs', 'has_conflict', 'UPDATE'), "
    "(SELECT coalesce(string_agg(t.name, ', ' ORDER BY t.name), '') "
    "FROM (VALUES ('auth_logs'), ('auth_log_conflicts'), ('account_lockouts')) AS t(name) "
    "WHERE row_security_active(t.name) AND NOT EXISTS (SELECT 1 FROM pg_policies p WHERE p.tablename = t.name "
    "AND p.schemaname = current_schema() AND p.policyname = 'twinlog_writing' AND EXISTS "
    "(SELECT 1 FROM unnest(p.roles) AS role WHERE pg_has_role(current_user, role, 'USAGE')))), "
    "(SELECT count(*) FROM pg_roles WHERE rolname IN ('twinlog_reader', 'twinlog_writer')), "
    "current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on'";
constexpr std::int64_t kRoleCount = 2;
/// twinlog_meta cannot be read: what else is missing can be asked all the same.
constexpr std::string_view kNoRight = "42501";

CheckLine fine(std::string text) {
  return {.is_problem = false, .text = "PostgreSQL: " + std::move(text)};
}
CheckLine problem(std::string text) {
  return {.is_problem = true, .text = "PostgreSQL: " + std::move(text)};
}
CheckLine problem(const StoreError& error) {
  const std::string code = error.code.empty() ? "" : " (SQLSTATE " + error.code + ")";
  return problem(error.words + code);
}

void check_schema(const SchemaState& state, std::vector<CheckLine>& lines) {
  const std::string versions = "schema " + state.schema + " is at version " + std::to_string(state.version) + " of " +
                               std::to_string(schema_version());
  if (state.version < schema_version()) {
    lines.push_back(problem(versions + "; run `twinlog migrate` as the owner of the tables"));
  } else if (state.version > schema_version()) {
    lines.push_back(fine(versions + ": newer than this agent, which goes on with it"));
  } else {
    lines.push_back(fine(versions));
  }
}

void check_walls(const Rows& row, std::vector<CheckLine>& lines) {
  if (!bool_value(row.value(0, 0))) {
    lines.push_back(problem("this role may not UPDATE auth_logs.has_conflict; grant it the role twinlog_writer"));
  }
  if (const std::string hidden(row.value(0, 1)); !hidden.empty()) {
    lines.push_back(problem("row-level security hides " + hidden +
                            " from this role; grant it the role twinlog_writer "
                            "(where it has it: run `twinlog migrate` as the owner of the tables)"));
  }
  if (int8_value(row.value(0, 2)) != kRoleCount) {
    lines.push_back(problem("the roles twinlog_reader and twinlog_writer are missing; run as an administrator: " +
                            std::string(role_sql_for_people()) + " then `twinlog migrate`"));
  }
  if (!bool_value(row.value(0, 3)) || !bool_value(row.value(0, 4))) {
    lines.push_back(
        problem("fsync or full_page_writes is off: what the server confirms is lost with the power; turn "
                "both on"));
  }
}

class PostgresAdmin final : public StoreAdmin {
 public:
  explicit PostgresAdmin(StoreSettings settings) : settings_(std::move(settings)) {}

  std::vector<CheckLine> check() override {
    auto opened = Connection::open(settings_, clock_);
    if (auto* error = std::get_if<StoreError>(&opened)) {
      return {problem(*error)};
    }
    Connection& connection = *std::get<0>(opened);
    std::vector<CheckLine> lines{fine("connected, server version " + version_text(connection.server_version()))};
    if (auto words = unmet_requirement(connection)) {
      lines.push_back(problem(std::move(*words)));
      return lines;
    }
    auto state = read_schema_state(connection);
    const auto* error = std::get_if<StoreError>(&state);
    if (error == nullptr) {
      check_schema(std::get<0>(state), lines);
    } else if (error->code != kNoRight) {
      lines.push_back(problem(*error));
      return lines;
    }
    if (error != nullptr || std::get<0>(state).version >= schema_version()) {
      check_rights(connection, lines);
    }
    return lines;
  }

  StoreResult<std::vector<CheckLine>> migrate() override {
    auto opened = Connection::open(settings_, clock_);
    if (auto* error = std::get_if<StoreError>(&opened)) {
      return std::move(*error);
    }
    Connection& connection = *std::get<0>(opened);
    if (auto words = unmet_requirement(connection)) {
      return StoreError{.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(*words)};
    }
    auto lines = migrate_schema(connection);
    if (lines.index() != 0) {
      return lines;
    }
    auto roles = migrate_roles(connection);
    if (auto* error = std::get_if<StoreError>(&roles)) {
      std::get<0>(lines).push_back(problem("the rights of readers and writers were not granted: " + error->words +
                                           (error->code.empty() ? "" : " (SQLSTATE " + error->code + ")")));
    } else {
      for (CheckLine& line : std::get<0>(roles)) {
        std::get<0>(lines).push_back(std::move(line));
      }
    }
    return lines;
  }

 private:
  static void check_rights(Connection& connection, std::vector<CheckLine>& lines) {
    const Statement questions[] = {{kMissingRights, {}}, {kWalls, {}}};
    auto answers = connection.run(questions, kQuestionLimit);
    if (auto* error = std::get_if<StoreError>(&answers)) {
      lines.push_back(problem(*error));
      return;
    }
    const std::string_view missing = std::get<0>(answers).front().value(0, 0);
    if (missing.empty()) {
      lines.push_back(fine("this role has the rights of a writer"));
    } else {
      lines.push_back(problem("this role lacks " + std::string(missing) + "; grant it the role twinlog_writer"));
    }
    check_walls(std::get<0>(answers).back(), lines);
  }

  StoreSettings settings_;
  SystemClock clock_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<StoreAdmin> make_postgres_admin(StoreSettings settings) {
  return std::make_unique<postgres::PostgresAdmin>(std::move(settings));
}

}  // namespace twinlog
