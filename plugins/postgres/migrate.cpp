#include "plugins/postgres/migrate.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/schema/steps.h"
#include "plugins/postgres/wall_check.h"

namespace twinlog::postgres {
namespace {

constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";
// Everybody who changes this schema asks for the advisory lock ("twinlog" in ASCII), but as anybody may take it, nobody
// waits for it: what agents wait for is the lock on twinlog_meta, which takes rights on that table. It keeps no reader
// out. A client that goes away is noticed, so that no abandoned statement stands in a queue of locks.
constexpr std::string_view kPace =
    "SELECT pg_try_advisory_xact_lock(x'7477696e6c6f67'::bigint), set_config('synchronous_commit', 'on', true), "
    "set_config('lock_timeout', '30s', true), set_config('statement_timeout', '110s', true), "
    "CASE WHEN version() LIKE '%linux%' THEN set_config('client_connection_check_interval', '1s', true) END";
constexpr std::string_view kLock = "LOCK TABLE twinlog_meta IN SHARE ROW EXCLUSIVE MODE";
// Whoever waits for a table lets nobody pass by: not for long. Longer than deadlock_timeout (1 s), after which an
// autovacuum in the way gives up.
constexpr std::string_view kShortWaits = "SELECT set_config('lock_timeout', '1200ms', true)";
constexpr std::string_view kMetaTable = R"(DO $$ BEGIN
  CREATE TABLE IF NOT EXISTS twinlog_meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now());
EXCEPTION WHEN duplicate_table OR duplicate_object OR unique_violation THEN NULL;
END $$)";
constexpr std::string_view kIsEmpty = "SELECT pg_relation_size('auth_logs') = 0";
constexpr std::string_view kIsBroken =
    "SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid)";
constexpr std::string_view kVersionRow =
    "INSERT INTO twinlog_meta (name, value) VALUES ('schema.' || lpad($1::bigint::text, 4, '0'), $2)";
constexpr std::string_view kUnicodeRow =
    "INSERT INTO twinlog_meta (name, value) VALUES ('unicode_version', $1) ON CONFLICT (name) DO NOTHING";
constexpr std::string_view kVersion =
    "SELECT coalesce(string_agg(right(name, 4), '') FILTER (WHERE name ~ '^schema\\.[0-9]{4}$'), ''), "
    "coalesce(max(value) FILTER (WHERE name = 'unicode_version'), '') FROM twinlog_meta";
// Without any schema in reach current_schema() is null: quote_ident() hands that on, format('%I') fails.
constexpr std::string_view kState =
    "SELECT coalesce(current_schema(), ''), "
    "to_regclass(quote_ident(current_schema()) || '.twinlog_meta') IS NOT NULL, "
    "coalesce((SELECT s.name FROM unnest(current_schemas(false)) WITH ORDINALITY AS s(name, place) "
    "WHERE to_regclass(quote_ident(s.name) || '.twinlog_meta') IS NOT NULL ORDER BY s.place LIMIT 1), '')";
// A policy that shows every row is as good as none.
constexpr std::string_view kHidden =
    "SELECT coalesce(string_agg(c.relname, ' and ' ORDER BY c.relname), '') FROM pg_class c "
    "WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) "
    "AND c.relname IN ('twinlog_agents', 'twinlog_meta') "
    "AND row_security_active(c.oid) AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid "
    "AND p.polpermissive AND p.polcmd = '*' AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND EXISTS "
    "(SELECT 1 FROM unnest(p.polroles) AS named(role) WHERE named.role = 0 OR pg_has_role(named.role, 'USAGE')))";
constexpr std::string_view kRoles =
    "SELECT (SELECT count(*) FROM pg_roles WHERE rolname IN ('twinlog_reader', 'twinlog_writer')), "
    "(SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user), "
    "EXISTS (SELECT FROM pg_roles WHERE rolname = 'twinlog_keeper')";

StoreError no_schema() {
  return {.reaction = Reaction::kHold,
          .code = "3F000",
          .constraint = "",
          .words =
              "no schema of the search path exists or may be used by this role; create one, grant USAGE on it, or "
              "set another with ALTER ROLE ... SET search_path"};
}

/// A schema that came later, named like the role, say ("$user"), stands before the tables: a second set of them in it
/// would take the events from then on, and nobody would look there.
StoreError in_front(const std::string& schema, const std::string& tables) {
  return {.reaction = Reaction::kHold,
          .code = "",
          .constraint = "",
          .words = "the tables are in schema " + tables + ", and schema " + schema +
                   ", which has none, now comes before it in the search path (is it named like this role?); drop or "
                   "rename it, or ALTER ROLE ... SET search_path = " +
                   tables + " (to begin anew in the other on purpose: = " + schema + " alone)"};
}

/// Runs the statements between what begin_locked() opened and COMMIT.
std::optional<StoreError> finish(Connection& connection, std::vector<Statement> statements) {
  statements.push_back({"COMMIT", {}});
  auto rows = connection.run(statements, kMigrationLimit);
  if (!rows) {
    return std::move(rows).error();
  }
  if (rows->back().tag() != "COMMIT") {
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

/// From the row that kVersion gives: four digits for each.
std::set<int> steps_of(const Rows& row) {
  constexpr std::size_t kDigits = 4;
  std::set<int> steps;
  for (std::string_view left = row.value(0, 0); left.size() >= kDigits; left.remove_prefix(kDigits)) {
    int number = 0;
    std::from_chars(left.data(), left.data() + kDigits, number);
    steps.insert(number);
  }
  return steps;
}

int version_of(const std::set<int>& steps) {
  const auto known = schema_steps();
  const auto missing =
      std::ranges::find_if(known, [&](const SchemaStep& step) { return !steps.contains(step.number); });
  if (missing != known.end()) {
    return missing->number - 1;
  }
  return *steps.rbegin();
}

/// Gives the steps that are there.
StoreResult<std::set<int>> begin_locked(Connection& connection) {
  const Statement begin[] = {{kBegin, {}}, {kPace, {}},       {kMetaTable, {}},
                             {kLock, {}},  {kShortWaits, {}}, {kVersion, {}}};
  auto begun = connection.run(begin, kMigrationLimit);
  if (!begun) {
    return abandon(connection, std::move(begun).error());
  }
  return steps_of(begun->back());
}

/// Outside of a transaction, beside running writers. Two that build it at once wait for each other's end: the server
/// ends one of them, and the other's is found by the next try. The version row comes after it, so whoever dies in
/// between looks again.
std::optional<StoreError> build_index(Connection& connection, const SchemaStep& step) {
  auto broken = connection.run_one({kIsBroken, {text_parameter(step.concurrent_index)}}, kQuestionLimit);
  if (!broken) {
    return std::move(broken).error();
  }
  if (bool_value(broken->value(0, 0))) {
    const std::string drop = "DROP INDEX CONCURRENTLY IF EXISTS " + std::string(step.concurrent_index);
    auto dropped = connection.run_one({drop, {}}, kIndexLimit);
    if (!dropped) {
      return std::move(dropped).error();
    }
  }
  auto built = connection.run_one({step.concurrently, {}}, kIndexLimit);
  return built ? std::nullopt : StoreStatus(std::move(built).error());
}

/// Anew: others may have migrated since migrate_schema() looked.
StoreResult<bool> is_done(Connection& connection, const SchemaStep& step) {
  auto version = connection.run_one({kVersion, {}}, kQuestionLimit);
  if (!version) {
    return std::move(version).error();
  }
  return steps_of(*version).contains(step.number);
}

/// Whether there is anybody that an index could hold up; then the agent leaves it to `twinlog migrate`.
std::optional<StoreError> build_index_if_in_use(Connection& connection, const SchemaStep& step, MigrationBy by) {
  auto size = connection.run_one({kIsEmpty, {}}, kQuestionLimit);
  if (!size) {
    return std::move(size).error();
  }
  if (bool_value(size->value(0, 0))) {
    return std::nullopt;
  }
  // After the size: the rows may be those of an agent that did the step and went on.
  auto done = is_done(connection, step);
  if (!done) {
    return std::move(done).error();
  }
  if (*done) {
    return std::nullopt;
  }
  if (by == MigrationBy::kAgent) {
    return StoreError{.reaction = Reaction::kHold,
                      .code = "",
                      .constraint = "",
                      .words = "an index is to be built on a table that holds rows, which an agent has no time for"};
  }
  return build_index(connection, step);
}

/// One step, unless somebody else did it while we waited for the lock. Gives whether it was done here.
StoreResult<bool> run_step(Connection& connection, const SchemaStep& step, MigrationBy by) {
  if (!step.concurrent_index.empty()) {
    if (auto error = build_index_if_in_use(connection, step, by)) {
      return std::move(*error);
    }
    TWINLOG_KILL_POINT("postgres.index_built");
  }
  auto steps = begin_locked(connection);
  if (!steps) {
    return std::move(steps).error();
  }
  TWINLOG_KILL_POINT("postgres.step_locked");
  std::vector<Statement> statements;
  const bool is_missing = !steps->contains(step.number);
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
  return problem(
      "the roles twinlog_reader and twinlog_writer are missing and this role may not create them; "
      "have an administrator run: " +
      std::string(role_sql_for_people()) + " and then run `twinlog migrate` again");
}

/// The role twinlog_keeper, without which writers and readers go on.
enum class Keeper : std::uint8_t { kThere, kMissing };
constexpr std::string_view kKeeperIsMissing =
    "the role twinlog_keeper is missing and this role may not create it; only erasure, retention and retirement need "
    "it: have an administrator run CREATE ROLE twinlog_keeper NOLOGIN; and then run `twinlog migrate` again";

/// What is left for people to do, and that the rest is as it should be.
std::vector<CheckLine> lines_of(const WallFaults& faults, Keeper keeper) {
  std::vector<CheckLine> lines{fine("the roles twinlog_reader and twinlog_writer have their rights")};
  for (const std::string& fault : faults.for_people) {
    lines.push_back(problem(fault));
  }
  if (keeper == Keeper::kMissing) {
    lines.push_back(fine(std::string(kKeeperIsMissing)));
  }
  return lines;
}

}  // namespace

std::optional<std::string> unicode_mismatch(const SchemaState& state) {
  if (state.unicode_version.empty() || state.unicode_version == folding_unicode_version()) {
    return std::nullopt;
  }
  return "the accounts in schema " + state.schema + " were named by Unicode " + state.unicode_version +
         " and this agent names them by " + folding_unicode_version() +
         ": a rare user name may have two; bring all agents to one version, then set unicode_version in twinlog_meta";
}

std::optional<StoreError> hidden_bookkeeping(Connection& connection) {
  auto rows = connection.run_one({kHidden, {}}, kQuestionLimit);
  if (!rows) {
    return std::move(rows).error();
  }
  const std::string tables(rows->value(0, 0));
  if (tables.empty()) {
    return std::nullopt;
  }
  return StoreError{.reaction = Reaction::kHold,
                    .code = "",
                    .constraint = "",
                    .words = "row-level security hides " + tables +
                             " from this role, so the agent cannot tell where it was; these tables hold no tenant's "
                             "rows: ALTER TABLE ... DISABLE ROW LEVEL SECURITY, or give them a policy for "
                             "twinlog_writer USING (true) WITH CHECK (true)"};
}

StoreResult<SchemaState> read_schema_state(Connection& connection) {
  auto state_rows = connection.run_one({kState, {}}, kQuestionLimit);
  if (!state_rows) {
    return std::move(state_rows).error();
  }
  const Rows& row = *state_rows;
  SchemaState state{.schema = std::string(row.value(0, 0)), .version = 0, .steps = {}, .unicode_version = ""};
  if (state.schema.empty()) {
    return no_schema();
  }
  if (!bool_value(row.value(0, 1))) {
    const std::string elsewhere(row.value(0, 2));
    return elsewhere.empty() ? StoreResult<SchemaState>(state) : in_front(state.schema, elsewhere);
  }
  if (auto hidden = hidden_bookkeeping(connection)) {
    return std::move(*hidden);
  }
  auto version = connection.run_one({kVersion, {}}, kQuestionLimit);
  if (!version) {
    return std::move(version).error();
  }
  state.steps = steps_of(*version);
  state.version = state.steps.empty() ? 0 : version_of(state.steps);
  state.unicode_version = version->value(0, 1);
  return state;
}

StoreResult<std::vector<CheckLine>> migrate_schema(Connection& connection, MigrationBy by) {
  auto read = read_schema_state(connection);
  if (!read) {
    return std::move(read).error();
  }
  const SchemaState& state = *read;
  std::vector<CheckLine> lines;
  StoreStatus postponed;
  for (const SchemaStep& step : schema_steps()) {
    if (state.steps.contains(step.number)) {
      continue;
    }
    auto done = run_step(connection, step, by);
    if (!done && by == MigrationBy::kAgent && !step.concurrent_index.empty() &&
        done.error().reaction == Reaction::kHold && done.error().code.empty()) {
      postponed = std::move(done).error();
      continue;
    }
    if (!done) {
      return std::move(done).error();
    }
    if (*done) {
      lines.push_back(fine("schema step " + std::to_string(step.number) + " (" + std::string(step.title) +
                           ") done in schema " + state.schema));
    }
  }
  if (postponed) {
    return std::move(*postponed);
  }
  if (lines.empty()) {
    lines.push_back(fine("the schema in " + state.schema + " is current"));
  }
  return lines;
}

StoreResult<std::vector<CheckLine>> migrate_roles(Connection& connection) {
  auto rows = connection.run_one({kRoles, {}}, kQuestionLimit);
  if (!rows) {
    return std::move(rows).error();
  }
  const bool are_there = int8_value(rows->value(0, 0)) == kRoleCount;
  const bool may_create = bool_value(rows->value(0, 1));
  const bool is_keeper_there = bool_value(rows->value(0, 2));
  if (!are_there && !may_create) {
    return std::vector<CheckLine>{roles_are_missing()};
  }
  auto faults = wall_faults(connection);
  if (!faults) {
    return std::move(faults).error();
  }
  const Keeper keeper = is_keeper_there || may_create ? Keeper::kThere : Keeper::kMissing;
  const bool is_any_missing = !are_there || !is_keeper_there;
  if (faults->mendable.empty() && (!is_any_missing || !may_create)) {
    return lines_of(*faults, keeper);
  }
  if (auto begun = begin_locked(connection); !begun.ok()) {
    return std::move(begun).error();
  }
  std::vector<Statement> statements;
  if (is_any_missing && may_create) {
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
  return lines_of(*faults, keeper);
}

}  // namespace twinlog::postgres
