#include "plugins/postgres/flush.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/batch_plan.h"
#include "plugins/postgres/columns.h"
#include "plugins/postgres/migrate.h"

namespace twinlog::postgres {
namespace {

// READ COMMITTED: the default of the role may be another level. Not READ WRITE: where default_transaction_read_only was
// turned on while we were connected, that is respected.
constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";

// For this transaction only: a session's setting would leak through a transaction pooler. A role that asks for more
// than `on` (remote_apply) keeps it. Every statement of a flush finds its rows by key: with tables that have no
// statistics (schema/quiet_walls.cpp) the planner would sooner or later read one as a whole.
constexpr std::string_view kSettings =
    "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply' "
    "THEN 'remote_apply' ELSE 'on' END, true), set_config('lock_timeout', '5s', true), "
    "set_config('statement_timeout', '15s', true), "
    "set_config('idle_in_transaction_session_timeout', '20s', true), set_config('enable_seqscan', 'off', true), "
    "set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), "
    "set_config('jit', 'off', true)";

// Locked, so that nobody can take it away between this look and the commit.
constexpr std::string_view kLockPosition =
    "SELECT last_leaf_index FROM twinlog_agents WHERE epoch_id = $1 FOR NO KEY UPDATE";

constexpr std::string_view kMarkConflicts =
    "UPDATE auth_logs l SET has_conflict = true FROM unnest($1::text[], $2::text[]) AS k(tenant_id, log_id) "
    "WHERE l.tenant_id = k.tenant_id AND l.log_id = k.log_id AND NOT l.has_conflict";

// greatest(): the position never goes back, as a COMMIT that the network held back may come after later ones, and the
// courier would then believe that the store forgot them. A store that was restored brings its own lower one.
constexpr std::string_view kPosition =
    "WITH written AS (INSERT INTO twinlog_agents AS t (epoch_id, agent, last_leaf_index, flushed_at, "
    "newest_effective_at) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (epoch_id) DO UPDATE SET agent = EXCLUDED.agent, "
    "last_leaf_index = greatest(t.last_leaf_index, EXCLUDED.last_leaf_index), flushed_at = EXCLUDED.flushed_at, "
    "newest_effective_at = greatest(t.newest_effective_at, EXCLUDED.newest_effective_at) RETURNING 1) "
    "SELECT ln(count(*)) FROM written";
constexpr std::string_view kWroteNothing = "2201E";  // The logarithm of zero: see account_rows.cpp, too.

// What a record holds that the insert did not name; and whether the upsert should have marked it and did not.
constexpr std::string_view kLookUp =
    "SELECT a.tenant_id, a.log_id, a.content_hash, coalesce(a.content_hash <> k.content_hash, false) "
    "AND NOT a.has_conflict FROM unnest($1::text[], $2::text[], $3::bytea[]) AS k(tenant_id, log_id, content_hash) "
    "JOIN auth_logs a ON a.tenant_id = k.tenant_id AND a.log_id = k.log_id";
constexpr std::string_view kLookUpConflicts =
    "SELECT count(*) FROM unnest($1::text[], $2::text[], $3::bytea[]) AS k(tenant_id, log_id, content_hash) "
    "JOIN auth_log_conflicts c ON c.tenant_id = k.tenant_id AND c.log_id = k.log_id "
    "AND c.content_hash = k.content_hash";

// A row comes back where it was inserted (with the hash that was sent) or where another content lies already for the
// first time (with that one's hash). Nothing else of a record is ever updated.
const std::string& insert_records() {
  static const std::string sql =
      insert_head("auth_logs") +
      " ORDER BY v.tenant_id COLLATE \"C\", v.log_id COLLATE \"C\" "
      "ON CONFLICT (tenant_id, log_id) DO UPDATE SET has_conflict = true WHERE t.content_hash <> EXCLUDED.content_hash "
      "AND NOT t.has_conflict "
      "RETURNING tenant_id, log_id, content_hash";
  return sql;
}

const std::string& insert_conflicts() {
  static const std::string sql =
      insert_head("auth_log_conflicts") +
      " ORDER BY v.tenant_id COLLATE \"C\", v.log_id COLLATE \"C\", v.content_hash "
      "ON CONFLICT (tenant_id, log_id, content_hash) DO NOTHING RETURNING tenant_id, log_id, content_hash";
  return sql;
}

std::vector<Parameter> key_arrays(const std::vector<const Version*>& versions) {
  ArrayBuilder tenants(kText);
  ArrayBuilder log_ids(kText);
  for (const Version* version : versions) {
    tenants.bytes(version->event.tenant_id);
    log_ids.bytes(version->event.log_id);
  }
  return {tenants.take(), log_ids.take()};
}

std::vector<Parameter> version_arrays(const std::vector<const Version*>& versions) {
  std::vector<Parameter> parameters = key_arrays(versions);
  ArrayBuilder hashes(kBytea);
  for (const Version* version : versions) {
    hashes.bytes(as_text(version->content_hash));
  }
  parameters.push_back(hashes.take());
  return parameters;
}

StoreError our_error(Reaction reaction, std::string words) {
  return {.reaction = reaction, .code = "", .constraint = "", .words = std::move(words)};
}

StoreError dropped_from(std::string_view table) {
  return our_error(Reaction::kHold, "a trigger or rule of the table " + std::string(table) +
                                        " dropped rows that this agent wrote; drop it, or let it keep every row: the "
                                        "events wait in the spool, none is lost");
}

class Flush {
 public:
  Flush(Connection& connection, const Clock& clock, const ExpectedPosition& expected, Recounts& recounts,
        const FlushBatch& batch)
      : connection_(connection),
        clock_(clock),
        owner_(expected.owner),
        expected_(expected.last_leaf),
        recounts_(recounts),
        batch_(batch),
        deadline_(clock.steady_now() + kFlushLimit),
        plan_(batch.versions) {}
  StoreResult<FlushReport> run();

 private:
  using Failure = StoreStatus;
  Failure write_records();
  Failure look_up_unnamed();
  Failure write_conflicts();
  Failure look_up_conflicts(const std::vector<const Version*>& unnamed);
  Failure merge_accounts();
  Failure recount(const std::vector<AccountUpdate*>& late, std::uint64_t failures);
  Failure commit();
  std::chrono::milliseconds time_left() const;
  void roll_back();

  Connection& connection_;
  const Clock& clock_;
  const FlushOwner& owner_;
  const std::optional<std::uint64_t> expected_;
  Recounts& recounts_;
  const FlushBatch& batch_;
  std::chrono::steady_clock::time_point deadline_;
  BatchPlan plan_;
  std::vector<const Version*> counted_;  ///< Versions that this transaction inserted.
  std::vector<AccountUpdate> accounts_;
  FlushReport report_;
};

StoreResult<FlushReport> Flush::run() {
  const std::uint64_t trips_before = connection_.round_trips();
  Failure failure = at(StoreStage::kRecords, write_records());
  if (!failure) {
    failure = at(StoreStage::kRecords, look_up_unnamed());
  }
  if (!failure) {
    failure = at(StoreStage::kConflicts, write_conflicts());
  }
  if (!failure) {
    failure = at(StoreStage::kAccounts, merge_accounts());
  }
  if (!failure) {
    failure = at(accounts_.empty() ? StoreStage::kPosition : StoreStage::kAccounts, commit());
  }
  if (failure) {
    roll_back();
    return std::move(*failure);
  }
  report_.duplicates = batch_.versions.size() - report_.inserted - report_.conflicts;
  report_.round_trips = connection_.round_trips() - trips_before;
  return report_;
}

Flush::Failure Flush::write_records() {
  const std::vector<const Version*> firsts = plan_.firsts();
  const Statement statements[] = {{kBegin, {}},
                                  {kSettings, {}},
                                  {kLockPosition, {uuid_parameter(as_text(owner_.epoch_id))}},
                                  {insert_records(), column_arrays(firsts)}};
  auto result = connection_.run(statements, time_left());
  if (!result) {
    return std::move(result).error();
  }
  const Rows& position = result->at(2);
  const auto found = position.count() == 0
                         ? std::nullopt
                         : std::optional(static_cast<std::uint64_t>(int8_value(position.value(0, 0))));
  if (found != expected_) {
    if (auto hidden = hidden_bookkeeping(connection_); !found && hidden) {
      return hidden;
    }
    return our_error(Reaction::kReconnect, std::string(kPositionMovedWords));
  }
  const Rows& touched = result->back();
  for (int row = 0; row < touched.count(); ++row) {
    const auto stored = array_from<sizeof(Digest)>(touched.value(row, 2));
    plan_.note_record(touched.value(row, 0), touched.value(row, 1), stored.value_or(Digest{}));
  }
  TWINLOG_KILL_POINT("postgres.after_records");
  counted_ = plan_.inserted();
  report_.inserted = counted_.size();
  return std::nullopt;
}

/// What was not inserted must be there: else the database took the rows and kept none.
Flush::Failure Flush::look_up_unnamed() {
  const std::vector<const Version*> unnamed = plan_.unnamed();
  if (unnamed.empty()) {
    return std::nullopt;
  }
  auto result = connection_.run_one({kLookUp, version_arrays(unnamed)}, time_left());
  if (!result) {
    return std::move(result).error();
  }
  const Rows& rows = *result;
  for (int row = 0; row < rows.count(); ++row) {
    const auto stored = rows.is_null(row, 2) ? std::nullopt : array_from<sizeof(Digest)>(rows.value(row, 2));
    plan_.note_older_record(rows.value(row, 0), rows.value(row, 1), stored);
    if (bool_value(rows.value(row, 3))) {
      return dropped_from("auth_logs");
    }
  }
  return plan_.unnamed().empty() ? std::nullopt : std::optional(dropped_from("auth_logs"));
}

Flush::Failure Flush::write_conflicts() {
  const std::vector<const Version*> candidates = plan_.conflicts();
  if (candidates.empty()) {
    return std::nullopt;
  }
  const Statement statements[] = {{kMarkConflicts, key_arrays(plan_.firsts_with_other_contents())},
                                  {insert_conflicts(), column_arrays(candidates)}};
  auto result = connection_.run(statements, time_left());
  if (!result) {
    return std::move(result).error();
  }
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Key, const Version*> by_key;
  for (const Version* version : candidates) {
    by_key[{version->event.tenant_id, version->event.log_id, as_text(version->content_hash)}] = version;
  }
  TWINLOG_KILL_POINT("postgres.after_conflicts");
  const Rows& inserted = result->back();
  for (int row = 0; row < inserted.count(); ++row) {
    const auto found = by_key.find({inserted.value(row, 0), inserted.value(row, 1), inserted.value(row, 2)});
    if (found != by_key.end()) {
      counted_.push_back(found->second);
      ++report_.conflicts;
      by_key.erase(found);
    }
  }
  std::vector<const Version*> left;
  left.reserve(by_key.size());
  for (const auto& [key, version] : by_key) {
    left.push_back(version);
  }
  return look_up_conflicts(left);
}

/// As look_up_unnamed().
Flush::Failure Flush::look_up_conflicts(const std::vector<const Version*>& unnamed) {
  if (unnamed.empty()) {
    return std::nullopt;
  }
  auto result = connection_.run_one({kLookUpConflicts, version_arrays(unnamed)}, time_left());
  if (!result) {
    return std::move(result).error();
  }
  const bool are_there = int8_value(result->value(0, 0)) == static_cast<std::int64_t>(unnamed.size());
  return are_there ? std::nullopt : std::optional(dropped_from("auth_log_conflicts"));
}

Flush::Failure Flush::merge_accounts() {
  const std::map<AccountKey, std::vector<const Version*>> groups = by_account(counted_);
  if (groups.empty()) {
    return std::nullopt;
  }
  for (const auto& [key, versions] : groups) {
    accounts_.push_back({key, {}});
  }
  auto result = connection_.run(lock_accounts(accounts_), time_left());
  if (!result) {
    return std::move(result).error();
  }
  TWINLOG_KILL_POINT("postgres.accounts_locked");
  const Rows& locked = result->back();
  if (static_cast<std::size_t>(locked.count()) != accounts_.size()) {
    return our_error(Reaction::kHold,
                     "account_lockouts does not show rows that this agent made: a trigger or rule of the table dropped "
                     "them, or row-level security hides them; run `twinlog check --stores`");
  }
  std::vector<AccountUpdate*> late;
  std::uint64_t failures = 0;
  for (int row = 0; row < locked.count(); ++row) {
    AccountUpdate& account = accounts_[static_cast<std::size_t>(int8_value(locked.value(row, 0)) - 1)];
    const std::string_view bytes = locked.value(row, 1);
    if (!bytes.empty()) {
      Result<AccountState> state = decode_account_state(bytes);
      if (!state) {
        return our_error(Reaction::kHold, state.error().message());
      }
      account.state = std::move(*state);
    }
    const std::uint64_t failures_before = account.state.failures_after;
    if (merge(account.state, groups.at(account.key)) == Recount::kNeeded) {
      late.push_back(&account);
      failures += failures_before;
    }
  }
  report_.accounts = accounts_.size();
  return late.empty() ? std::nullopt : recount(late, failures);
}

Flush::Failure Flush::recount(const std::vector<AccountUpdate*>& late, std::uint64_t failures) {
  const auto started = clock_.steady_now();
  if (auto failure = recounts_.count(connection_, late, failures)) {
    return failure;
  }
  TWINLOG_KILL_POINT("postgres.after_recount");
  deadline_ += clock_.steady_now() - started;
  report_.recounts = late.size();
  return std::nullopt;
}

Flush::Failure Flush::commit() {
  const AgentPosition& position = batch_.position;
  TWINLOG_KILL_POINT("postgres.before_commit");
  std::vector<Statement> statements;
  if (!accounts_.empty()) {
    statements.push_back(update_accounts(accounts_));
  }
  statements.push_back({kPosition,
                        {uuid_parameter(as_text(owner_.epoch_id)), text_parameter(owner_.agent),
                         int8_parameter(static_cast<std::int64_t>(position.last_leaf)),
                         timestamp_parameter(position.flushed_at), timestamp_parameter(position.newest_effective_at)}});
  statements.push_back({"COMMIT", {}});
  auto result = connection_.run(statements, time_left());
  if (!result) {
    StoreError& error = result.error();
    if (error.code == kWroteNothing) {
      return dropped_from("account_lockouts or twinlog_agents");
    }
    if (error.reaction == Reaction::kReconnectSmaller) {
      error.words =
          "PostgreSQL did not confirm the commit in time (is a standby of synchronous_standby_names away?); the agent "
          "closes the connection and sends the batch again, nothing doubles";
    }
    return std::move(error);
  }
  TWINLOG_KILL_POINT("postgres.after_commit");
  if (!is_committed(result->back())) {
    return our_error(Reaction::kReconnect,
                     "PostgreSQL did not confirm the commit (rolled back, or the wait for a synchronous standby was "
                     "cancelled); the batch is sent again, nothing doubles");
  }
  return std::nullopt;
}

std::chrono::milliseconds Flush::time_left() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_.steady_now());
}

void Flush::roll_back() {
  if (connection_.is_usable() && connection_.is_in_transaction()) {
    static_cast<void>(connection_.run_one({"ROLLBACK", {}}, kRollbackLimit));  // What failed is known already.
  }
}

}  // namespace

bool is_committed(const Rows& commit) {
  return commit.tag() == "COMMIT" && !commit.warned();
}

StoreResult<FlushReport> flush(Connection& connection, const Clock& clock, const ExpectedPosition& expected,
                               Recounts& recounts, const FlushBatch& batch) {
  return Flush(connection, clock, expected, recounts, batch).run();
}

}  // namespace twinlog::postgres
