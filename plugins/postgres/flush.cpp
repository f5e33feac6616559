#include "plugins/postgres/flush.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/account_rows.h"
#include "plugins/postgres/isolation.h"
#include "plugins/postgres/ledger_rows.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/record_rows.h"
#include "plugins/postgres/transaction.h"

namespace twinlog::postgres {
namespace {

/// What is checked late shows only after what statements refuse is out, and what others do meanwhile may show more.
constexpr int kMostSearches = 3;

// Locked, so that nobody can take it away between this look and the commit.
constexpr std::string_view kLockPosition =
    "SELECT last_leaf_index FROM twinlog_agents WHERE epoch_id = $1 FOR NO KEY UPDATE";

// greatest(): the position never goes back, as a COMMIT that the network held back may come after later ones, and the
// courier would then believe that the store forgot them. A store that was restored brings its own lower one.
constexpr std::string_view kPosition =
    "WITH written AS (INSERT INTO twinlog_agents AS t (epoch_id, agent, last_leaf_index, flushed_at, "
    "newest_effective_at) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (epoch_id) DO UPDATE SET agent = EXCLUDED.agent, "
    "last_leaf_index = greatest(t.last_leaf_index, EXCLUDED.last_leaf_index), flushed_at = EXCLUDED.flushed_at, "
    "newest_effective_at = greatest(t.newest_effective_at, EXCLUDED.newest_effective_at) RETURNING 1) "
    "SELECT ln(count(*)) FROM written";
constexpr std::string_view kWroteNothing = "2201E";  // The logarithm of zero: see account_rows and ledger_rows, too.

// Before the ledger nobody closed an epoch; what is closed stays as it is.
constexpr std::string_view kClose =
    "UPDATE twinlog_agents SET closed_at = $2 WHERE epoch_id = ANY($1) AND closed_at IS NULL";

StoreError our_error(Reaction reaction, std::string words) {
  return {.reaction = reaction, .code = "", .constraint = "", .words = std::move(words)};
}

/// What one call of flush() works on.
struct Task {
  Connection& connection;
  const Clock& clock;
  const ExpectedPosition& expected;
  Recounts& recounts;
  const FlushBatch& batch;
  Blame blame;
};

/// One transaction with the versions of the batch, or with what is left of them.
class Attempt {
 public:
  Attempt(Task& task, const std::vector<const Version*>& versions)
      : task_(task),
        connection_(task.connection),
        batch_(task.batch),
        versions_(versions),
        deadline_(task.clock, kFlushLimit),
        rows_(connection_, deadline_, versions) {}

  /// All of it, committed; or why not, and then nothing of it.
  StoreResult<FlushReport> run();
  /// After an error: whose fault it may be, and what a search for that has to try.
  Suspicion suspicion() const { return suspicion_; }
  Reach reach() const { return reach_; }

 private:
  StoreStatus write();
  StoreStatus write_records();
  StoreStatus check_position(const Rows& position);
  StoreStatus merge_accounts();
  StoreStatus recount(const std::vector<AccountUpdate*>& late, std::uint64_t failures);
  /// Versions that have a leaf and no row of this transaction.
  std::vector<const Version*> without_a_row() const;
  std::vector<Statement> ledger_statements() const;
  std::vector<Statement> position_statements() const;
  StoreStatus commit();
  StoreError commit_failure(StoreError error, std::size_t ledger_until, std::size_t statements);

  Task& task_;
  Connection& connection_;
  const FlushBatch& batch_;
  const std::vector<const Version*>& versions_;
  Deadline deadline_;
  RecordRows rows_;
  std::vector<AccountUpdate> accounts_;
  FlushReport report_;
  Suspicion suspicion_ = Suspicion::kNone;
  Reach reach_ = Reach::kRows;
};

StoreResult<FlushReport> Attempt::run() {
  if (auto failure = write()) {
    // Where all was swallowed, a trigger swallows everything: nobody is to blame, but for dead letters.
    const bool is_swallowed = rows_.swallowed() == RecordRows::Swallowed::kSome ||
                              (rows_.swallowed() == RecordRows::Swallowed::kAll && batch_.is_replay);
    suspicion_ = is_swallowed ? task_.blame.of_swallowed() : task_.blame.of(*failure, "ROLLBACK");
    roll_back(connection_);
    return std::move(*failure);
  }
  report_.inserted = rows_.inserted().size() - rows_.conflicts();
  report_.duplicates = versions_.size() - rows_.inserted().size();
  report_.conflicts = rows_.conflicts();
  report_.accounts = accounts_.size();
  return report_;
}

StoreStatus Attempt::write() {
  if (auto failure = write_records()) {
    return failure;
  }
  if (auto failure = rows_.finish()) {
    return failure;
  }
  if (auto failure = at(StoreStage::kAccounts, merge_accounts())) {
    return failure;
  }
  return commit();
}

StoreStatus Attempt::write_records() {
  const Parameter epoch = uuid_parameter(as_text(batch_.epoch_id));
  auto result = rows_.insert({{kBegin, {}}, {kTransactionSettings, {}}, {kLockPosition, {epoch}}});
  if (!result) {
    return std::move(result).error();
  }
  if (auto failure = at(StoreStage::kRecords, check_position(result->at(2)))) {
    return failure;
  }
  TWINLOG_KILL_POINT("postgres.after_records");
  return std::nullopt;
}

StoreStatus Attempt::check_position(const Rows& position) {
  const auto found = position.count() == 0
                         ? std::nullopt
                         : std::optional(static_cast<std::uint64_t>(int8_value(position.value(0, 0))));
  if (found == task_.expected.last_leaf) {
    return std::nullopt;
  }
  if (auto hidden = hidden_bookkeeping(connection_); !found && hidden) {
    return hidden;
  }
  return our_error(Reaction::kReconnect, std::string(kPositionMovedWords));
}

StoreStatus Attempt::merge_accounts() {
  // A replay merges what was there already, too, and counts anew: registers take a version twice without harm, and who
  // put a record there by hand has not told its accounts.
  const auto groups = by_account(batch_.is_replay ? rows_.kept() : rows_.inserted());
  if (groups.empty()) {
    return std::nullopt;
  }
  for (const auto& [key, versions] : groups) {
    accounts_.push_back({key, {}});
  }
  auto result = connection_.run(lock_accounts(accounts_), deadline_.left());
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
    if (merge(account.state, groups.at(account.key)) == Recount::kNeeded || batch_.is_replay || batch_.is_resent) {
      late.push_back(&account);
      failures += failures_before;
    }
  }
  return late.empty() ? std::nullopt : recount(late, failures);
}

StoreStatus Attempt::recount(const std::vector<AccountUpdate*>& late, std::uint64_t failures) {
  const auto started = task_.clock.steady_now();
  if (auto failure = task_.recounts.count(connection_, late, failures)) {
    return failure;
  }
  TWINLOG_KILL_POINT("postgres.after_recount");
  deadline_.extend(task_.clock.steady_now() - started);
  report_.recounts = late.size();
  return std::nullopt;
}

std::vector<const Version*> Attempt::without_a_row() const {
  std::vector<const Version*> left;
  if (rows_.inserted().size() == versions_.size()) {
    return left;
  }
  const std::set<const Version*> inserted(rows_.inserted().begin(), rows_.inserted().end());
  std::ranges::copy_if(versions_, std::back_inserter(left),
                       [&](const Version* each) { return each->ledger && !inserted.contains(each); });
  return left;
}

std::vector<Statement> Attempt::ledger_statements() const {
  std::vector<Statement> statements = write_ledger(batch_.epoch_id, batch_.ledger);
  if (const std::vector<const Version*> left = without_a_row(); !left.empty()) {
    statements.push_back(write_further_acceptances(left));
  }
  return statements;
}

std::vector<Statement> Attempt::position_statements() const {
  std::vector<Statement> statements;
  const AgentPosition& position = batch_.position;
  if (!batch_.is_replay) {
    statements.push_back(
        {kPosition,
         {uuid_parameter(as_text(batch_.epoch_id)), text_parameter(task_.expected.agent),
          int8_parameter(static_cast<std::int64_t>(position.last_leaf)), timestamp_parameter(position.flushed_at),
          timestamp_parameter(position.newest_effective_at)}});
  }
  if (!batch_.closed.empty()) {
    ArrayBuilder epochs(kUuid);
    for (const Uuid& epoch : batch_.closed) {
      epochs.bytes(as_text(epoch));
    }
    statements.push_back({kClose, {epochs.take(), timestamp_parameter(position.flushed_at)}});
  }
  return statements;
}

StoreStatus Attempt::commit() {
  TWINLOG_KILL_POINT("postgres.before_commit");
  std::vector<Statement> statements = ledger_statements();
  const std::size_t ledger_until = statements.size();
  if (!accounts_.empty()) {
    statements.push_back(update_accounts(accounts_));
  }
  std::ranges::move(position_statements(), std::back_inserter(statements));
  statements.push_back({"COMMIT", {}});
  auto result = connection_.run(statements, deadline_.left());
  if (!result) {
    return commit_failure(std::move(result).error(), ledger_until, statements.size());
  }
  TWINLOG_KILL_POINT("postgres.after_commit");
  if (!is_committed(result->back())) {
    return at(StoreStage::kPosition,
              our_error(Reaction::kReconnect,
                        "PostgreSQL did not confirm the commit (rolled back, or the wait for a synchronous standby was "
                        "cancelled); the batch is sent again, nothing doubles"));
  }
  return std::nullopt;
}

/// What the COMMIT itself refuses are constraints that are checked late: those of records, perhaps.
StoreError Attempt::commit_failure(StoreError error, std::size_t ledger_until, std::size_t statements) {
  const std::size_t failed = connection_.error_place().statement;
  const bool is_late = failed + 1 == statements;
  const bool is_of_the_ledger = failed < ledger_until;
  if (is_late && suspicion_of(error) != Suspicion::kNone) {
    reach_ = Reach::kConstraints;
    return at(StoreStage::kRecords, std::move(error));
  }
  if (error.code == kWroteNothing) {
    error = dropped_from(is_of_the_ledger ? "ledger_tiles (or ledger_leaves, ledger_epochs, ledger_checkpoints)"
                                          : "account_lockouts or twinlog_agents");
  } else if (error.reaction == Reaction::kReconnectSmaller) {
    error.words =
        "PostgreSQL did not confirm the commit in time (is a standby of synchronous_standby_names away?); the agent "
        "closes the connection and sends the batch again, nothing doubles";
  }
  if (is_of_the_ledger) {
    return at(StoreStage::kLedger, std::move(error));
  }
  return at(accounts_.empty() ? StoreStage::kPosition : StoreStage::kAccounts, std::move(error));
}

/// For dead letters: what else is taken, so that this version alone is refused.
RefusedVersion refused_version(const Guilty& guilty) {
  RefusedVersion refused{.leaf_index = guilty.version->leaf_index, .error = guilty.error};
  refused.error.reaction = Reaction::kPoison;
  if (!guilty.error.code.empty()) {
    refused.error.words =
        "PostgreSQL can never take this event; a constraint or trigger added to the tables is the usual cause: drop or "
        "mend it, then replay the event";
  } else {
    refused.error.words =
        "a trigger or rule of auth_logs or auth_log_conflicts dropped this event while it keeps others: drop or mend "
        "it, then replay the event";
  }
  return refused;
}

/// What the search says of the error that began it; nothing: the guilty versions are refused, and the rest may go on.
StoreStatus verdict(const Isolated& found, StoreError error) {
  if (found.guilty.empty()) {
    if (error.reaction == Reaction::kPoison) {
      error.reaction = Reaction::kRetrySmaller;
      error.words =
          "PostgreSQL refused these events together, but none of them alone (is there a trigger for whole "
          "statements?); "
          "they are tried again, in smaller parts if need be";
    }
    return error;
  }
  const auto is_doubtful = [&](const Guilty& each) {
    return each.suspicion == Suspicion::kUnknown || (each.suspicion == Suspicion::kIfOthers && !found.is_any_taken);
  };
  std::vector<Guilty> doubtful;
  std::ranges::copy_if(found.guilty, std::back_inserter(doubtful), is_doubtful);
  if (doubtful.empty()) {
    return std::nullopt;
  }
  error = doubtful.front().error;
  if (found.is_any_taken) {
    std::ranges::transform(doubtful, std::back_inserter(error.leaves),
                           [](const Guilty& each) { return each.version->leaf_index; });
    std::ranges::sort(error.leaves);
  }
  return error;
}

/// Moves the guilty out of the versions.
void refuse(const std::vector<Guilty>& guilty, std::vector<const Version*>& versions,
            std::vector<RefusedVersion>& refused) {
  std::ranges::transform(guilty, std::back_inserter(refused), refused_version);
  std::ranges::sort(refused, {}, &RefusedVersion::leaf_index);
  std::erase_if(versions, [&](const Version* version) {
    return std::ranges::binary_search(refused, version->leaf_index, {}, &RefusedVersion::leaf_index);
  });
}

}  // namespace

bool is_committed(const Rows& commit) {
  return commit.tag() == "COMMIT" && !commit.warned();
}

StoreResult<FlushReport> flush(Connection& connection, const Clock& clock, const ExpectedPosition& expected,
                               FlushMemory& memory, const FlushBatch& batch) {
  const std::uint64_t trips_before = connection.round_trips();
  Task task{connection,      clock, expected,
            memory.recounts, batch, Blame(connection, batch.is_replay ? Offer::kDeadLetters : Offer::kEvents)};
  std::vector<const Version*> versions;
  std::ranges::transform(batch.versions, std::back_inserter(versions), [](const Version& each) { return &each; });
  std::vector<RefusedVersion> refused;
  for (int searches = 0;; ++searches) {
    Attempt attempt(task, versions);
    auto report = attempt.run();
    if (report) {
      memory.unknown_code.clear();
      report->refused = std::move(refused);
      report->round_trips = connection.round_trips() - trips_before;
      return report;
    }
    const Suspicion suspicion = attempt.suspicion();
    const bool is_first = suspicion == Suspicion::kUnknown &&
                          std::exchange(memory.unknown_code, report.error().code) != report.error().code;
    if (suspicion == Suspicion::kNone || is_first) {
      return report;
    }
    auto found = searches < kMostSearches ? isolate(connection, clock, task.blame, attempt.reach(), versions)
                                          : StoreResult<Isolated>(Isolated{});
    if (!found) {
      return std::move(found).error();
    }
    if (auto failure = verdict(*found, std::move(report).error())) {
      return std::move(*failure);
    }
    refuse(found->guilty, versions, refused);
  }
}

}  // namespace twinlog::postgres
