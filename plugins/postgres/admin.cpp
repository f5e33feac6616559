#include <utility>

#include "ledger/base/wakeup.h"
#include "plugins/postgres/connector.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/postgres_store.h"
#include "plugins/postgres/requirements.h"
#include "plugins/postgres/schema/steps.h"
#include "plugins/postgres/wall_check.h"

namespace twinlog {
namespace postgres {
namespace {

// What a writer must be able to do; gives what it cannot.
constexpr std::string_view kMissingRights =
    "SELECT coalesce(string_agg(r.what || ' on ' || r.relation, ', ' ORDER BY r.relation, r.what), '') FROM (VALUES "
    "('auth_logs', 'SELECT'), ('auth_logs', 'INSERT'), ('auth_log_conflicts', 'SELECT'), "
    "('auth_log_conflicts', 'INSERT'), ('account_lockouts', 'SELECT'), ('account_lockouts', 'INSERT'), "
    "('account_lockouts', 'UPDATE'), ('twinlog_agents', 'SELECT'), ('twinlog_agents', 'INSERT'), "
    "('twinlog_agents', 'UPDATE'), ('twinlog_meta', 'SELECT'), ('ledger_epochs', 'SELECT'), "
    "('ledger_epochs', 'INSERT'), ('ledger_tiles', 'SELECT'), ('ledger_tiles', 'INSERT'), ('ledger_leaves', 'SELECT'), "
    "('ledger_leaves', 'INSERT'), ('ledger_checkpoints', 'SELECT'), ('ledger_checkpoints', 'INSERT')) "
    "AS r(relation, what) "
    "WHERE NOT has_table_privilege(r.relation, r.what)";

constexpr std::string_view kSession =
    "SELECT has_column_privilege('auth_logs', 'has_conflict', 'UPDATE'), "
    "(SELECT coalesce(string_agg(t.name, ', ' ORDER BY t.name), '') "
    "FROM (VALUES ('auth_logs'), ('auth_log_conflicts'), ('account_lockouts'), ('ledger_leaves'), ('twinlog_agents'), "
    "('twinlog_meta')) AS t(name) WHERE row_security_active(t.name) AND NOT EXISTS (SELECT 1 FROM pg_policies p WHERE "
    "p.tablename = "
    "t.name "
    "AND p.schemaname = current_schema() AND p.permissive = 'PERMISSIVE' AND p.qual = 'true' AND EXISTS "
    "(SELECT 1 FROM unnest(p.roles) AS role WHERE role = 'public' OR EXISTS (SELECT 1 FROM pg_roles r WHERE "
    "r.rolname = role AND pg_has_role(current_user, r.oid, 'USAGE'))))), "
    "(SELECT count(*) FROM pg_roles WHERE rolname IN ('twinlog_reader', 'twinlog_writer')), "
    "current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', "
    "(SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'auth_logs'::regclass), "
    "inet_client_addr() IS NULL OR family(inet_client_addr()) = 4 AND inet_client_addr() << '127.0.0.0/8' "
    "OR inet_client_addr() = '::1' OR coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), "
    "has_database_privilege('public', current_database(), 'CONNECT')";
/// twinlog_meta cannot be read: what else is missing can be asked all the same.
constexpr std::string_view kNoRight = "42501";
/// A lock was not to be had in time.
constexpr std::string_view kInUse = "55P03";
/// How long `twinlog migrate` tries, and how long it lets others through between two tries.
constexpr std::chrono::milliseconds kPatience = std::chrono::minutes{5};
constexpr std::chrono::milliseconds kPause = std::chrono::seconds{2};

constexpr std::string_view kCode = "SQLSTATE";

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
  if (auto words = unicode_mismatch(state)) {
    lines.push_back(problem(std::move(*words)));
  }
}

void check_walls(const Rows& row, std::vector<CheckLine>& lines) {
  if (!bool_value(row.value(0, 0))) {
    lines.push_back(problem("this role may not UPDATE auth_logs.has_conflict; grant it the role twinlog_writer"));
  }
  if (const std::string hidden(row.value(0, 1)); !hidden.empty()) {
    lines.push_back(
        problem("row-level security hides " + hidden +
                " from this role; grant it the role twinlog_writer "
                "(where it has it: run `twinlog migrate` as the owner of the tables; for twinlog_agents and "
                "twinlog_meta, which hold no tenant's rows: ALTER TABLE ... DISABLE ROW LEVEL SECURITY)"));
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

/// What is no fault by itself, and yet what an administrator wants to know.
void describe_session(const Rows& row, std::vector<CheckLine>& lines) {
  if (bool_value(row.value(0, 5))) {
    lines.push_back(
        fine("this role owns the tables: neither walls nor rights hold it; give the agent a login of its own "
             "IN ROLE twinlog_writer"));
  }
  if (!bool_value(row.value(0, 6))) {
    lines.push_back(fine("this session is not encrypted; set sslmode=verify-full in stores.postgres.uri"));
  }
  if (bool_value(row.value(0, 7))) {
    lines.push_back(
        fine("every login of this server may connect to this database (CONNECT is PUBLIC's), and "
             "twinlog_reader_scope binds in this database only; where others have readers: REVOKE CONNECT ON "
             "DATABASE ... FROM PUBLIC, or bind the role '*' to no tenant"));
  }
}

class PostgresAdmin final : public StoreAdmin {
 public:
  explicit PostgresAdmin(StoreSettings settings) : connector_(std::move(settings), clock_) {}

  std::vector<CheckLine> check() override {
    auto opened = connector_.open();
    if (!opened) {
      return {problem(opened.error(), kCode)};
    }
    Connection& connection = **opened;
    std::vector<CheckLine> lines{fine("connected, server version " + version_text(connection.server_version()))};
    if (const std::string& detour = connector_.detour(); !detour.empty()) {
      lines.push_back(fine(detour));
    }
    if (auto words = unmet_requirement(connection)) {
      lines.push_back(problem(std::move(*words)));
      return lines;
    }
    auto state = read_schema_state(connection);
    if (state) {
      check_schema(*state, lines);
    } else if (state.error().code != kNoRight) {
      lines.push_back(problem(state.error(), kCode));
      return lines;
    }
    if (!state || state->version >= schema_version()) {
      check_rights(connection, lines);
    }
    return lines;
  }

  StoreResult<std::vector<CheckLine>> migrate() override {
    auto opened = connector_.open();
    if (!opened) {
      return std::move(opened).error();
    }
    Connection& connection = **opened;
    if (auto words = unmet_requirement(connection)) {
      return StoreError{.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(*words)};
    }
    auto lines = patiently([&] { return migrate_schema(connection, MigrationBy::kCommand); });
    if (!lines.ok()) {
      return lines;
    }
    auto roles = patiently([&] { return migrate_roles(connection); });
    if (!roles) {
      roles.error().words.insert(0, "the rights of readers and writers were not granted: ");
      lines->push_back(problem(roles.error(), kCode));
    } else {
      for (CheckLine& line : *roles) {
        lines->push_back(std::move(line));
      }
    }
    return lines;
  }

 private:
  /// Again while a table is in use, with pauses in which everybody else gets through.
  template <typename Step>
  StoreResult<std::vector<CheckLine>> patiently(Step step) {
    Wakeup pause;
    const auto until = clock_.steady_now() + kPatience;
    auto result = step();
    while (!result && result.error().code == kInUse && clock_.steady_now() < until) {
      pause.wait_for(kPause);
      result = step();
    }
    if (!result && result.error().code == kInUse) {
      result.error().words =
          "a table is in use all the time (a long transaction, or a lock that somebody holds), and the migration holds "
          "nobody up; run `twinlog migrate` again when it is over (pg_stat_activity shows it)";
    }
    return result;
  }

  static void check_rights(Connection& connection, std::vector<CheckLine>& lines) {
    const Statement questions[] = {{kMissingRights, {}}, {kSession, {}}};
    auto answers = connection.run(questions, kQuestionLimit);
    if (!answers) {
      lines.push_back(problem(answers.error(), kCode));
      return;
    }
    const std::string_view missing = answers->front().value(0, 0);
    if (missing.empty()) {
      lines.push_back(fine("this role has the rights of a writer"));
    } else {
      lines.push_back(problem("this role lacks " + std::string(missing) + "; grant it the role twinlog_writer"));
    }
    check_walls(answers->back(), lines);
    describe_session(answers->back(), lines);
    auto faults = wall_faults(connection);
    if (!faults) {
      lines.push_back(problem(faults.error(), kCode));
      return;
    }
    for (const std::string& fault : faults->mendable) {
      lines.push_back(problem(fault + "; run `twinlog migrate` as the owner of the tables"));
    }
    for (const std::string& fault : faults->for_people) {
      lines.push_back(problem(fault));
    }
  }

  SystemClock clock_;
  Connector connector_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<StoreAdmin> make_postgres_admin(StoreSettings settings) {
  return std::make_unique<postgres::PostgresAdmin>(std::move(settings));
}

}  // namespace twinlog
