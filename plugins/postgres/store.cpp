#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/connector.h"
#include "plugins/postgres/error_table.h"
#include "plugins/postgres/flush.h"
#include "plugins/postgres/migrate.h"
#include "plugins/postgres/postgres_store.h"
#include "plugins/postgres/requirements.h"
#include "plugins/postgres/schema/steps.h"

namespace twinlog {
namespace postgres {
namespace {

// One row always: the clock, before any table is read.
constexpr std::string_view kClock = "SELECT clock_timestamp()";
// One row for each epoch, in their order.
constexpr std::string_view kReadPositions =
    "SELECT a.last_leaf_index, a.flushed_at, a.newest_effective_at "
    "FROM unnest($1::uuid[]) WITH ORDINALITY AS k(epoch_id, ordinal) "
    "LEFT JOIN twinlog_agents a ON a.epoch_id = k.epoch_id ORDER BY k.ordinal";

StoreError schema_is_old(const SchemaState& state, std::string code) {
  return {.reaction = Reaction::kHold,
          .code = std::move(code),
          .constraint = "",
          .words = "schema " + state.schema + " in PostgreSQL is at version " + std::to_string(state.version) +
                   ", this agent needs " + std::to_string(schema_version()) +
                   "; run `twinlog migrate` as the owner of the tables"};
}

bool can_write(const SchemaState& state) {
  return is_enough_for_writers(state.steps);
}

// What an operator mends may only show in a new session: a setting of the role, a schema that was set back.
bool wants_a_new_session(Reaction reaction) {
  return needs_a_new_session(reaction) || reaction == Reaction::kHold;
}

class PostgresStore final : public Store {
 public:
  PostgresStore(PostgresStoreSettings settings, const Clock& clock)
      : settings_(std::move(settings)),
        clock_(clock),
        connector_(settings_.store, clock),
        memory_{Recounts(settings_.recount_limit)} {}

  StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> epochs) override {
    if (!is_connected()) {
      if (auto failure = open()) {
        disconnect();
        return std::move(*failure);
      }
    }
    auto positions = read_positions(epochs);
    if (!positions) {
      disconnect();
    }
    return positions;
  }

  bool is_connected() const override { return connection_ != nullptr && connection_->is_usable(); }

  StoreResult<FlushReport> flush(const FlushBatch& batch) override {
    if (!is_connected()) {
      return classify("", "");
    }
    auto failure = at(StoreStage::kAccounts, memory_.recounts.read_beforehand(*connection_));
    auto report =
        failure ? StoreResult<FlushReport>(std::move(*failure))
                : postgres::flush(*connection_, clock_, {settings_.agent, expected_in(batch.epoch_id)}, memory_, batch);
    if (report) {
      if (!batch.is_replay) {
        // The row never goes back: a store that is ahead of this batch (a lagging cursor) stays where it is.
        std::uint64_t& last = last_leaves_.try_emplace(batch.epoch_id, 0).first->second;
        last = std::max(last, batch.position.last_leaf);
      }
    } else if (wants_a_new_session(report.error().reaction) || connection_->is_in_transaction()) {
      disconnect();  // The next connect reads password, schema (tables may be gone) and position anew.
    }
    return report;
  }

  StoreResult<bool> has_record(const EventKey& key) override {
    if (!is_connected()) {
      return classify("", "");
    }
    auto rows = connection_->run_one({"SELECT 1 FROM auth_logs WHERE tenant_id = $1 AND log_id = $2",
                                      {text_parameter(key.tenant_id), text_parameter(key.log_id)}},
                                     kQuestionLimit);
    if (!rows) {
      disconnect();
      return at(StoreStage::kPosition, std::move(rows).error());
    }
    return rows->count() > 0;
  }

  void disconnect() override { connection_.reset(); }

  std::optional<std::chrono::microseconds> clock_offset() const override { return clock_offset_; }

  std::vector<CheckLine> take_notes() override { return std::exchange(notes_, {}); }

 private:
  std::optional<std::uint64_t> expected_in(const Uuid& epoch) const {
    const auto found = last_leaves_.find(epoch);
    return found == last_leaves_.end() ? std::nullopt : std::optional(found->second);
  }

  StoreResult<std::vector<std::optional<AgentPosition>>> read_positions(std::span<const Uuid> epochs) {
    ArrayBuilder ids(kUuid);
    for (const Uuid& epoch : epochs) {
      ids.bytes(as_text(epoch));
    }
    const Statement questions[] = {{kClock, {}}, {kReadPositions, {ids.take()}}};
    const UtcMicros before = clock_.utc_now();
    auto answers = connection_->run(questions, kQuestionLimit);
    if (!answers) {
      return at(StoreStage::kPosition, std::move(answers).error());
    }
    clock_offset_ = clock_offset_of(timestamp_value(answers->front().value(0, 0)), before, clock_.utc_now());
    const Rows& found = answers->back();
    std::vector<std::optional<AgentPosition>> positions(epochs.size());
    bool is_any_missing = epochs.empty();
    last_leaves_.clear();
    for (int row = 0; row < found.count(); ++row) {
      if (found.is_null(row, 0)) {
        is_any_missing = true;
        continue;
      }
      const auto last_leaf = static_cast<std::uint64_t>(int8_value(found.value(row, 0)));
      const auto place = static_cast<std::size_t>(row);
      last_leaves_[epochs[place]] = last_leaf;
      positions[place] = {.last_leaf = last_leaf,
                          .flushed_at = timestamp_value(found.value(row, 1)),
                          .newest_effective_at = timestamp_value(found.value(row, 2))};
    }
    auto hidden = is_any_missing ? hidden_bookkeeping(*connection_) : std::nullopt;
    if (hidden) {
      return std::move(*hidden);
    }
    return positions;
  }

  std::optional<StoreError> open() {
    auto opened = connector_.open();
    if (!opened) {
      return std::move(opened).error();
    }
    connection_ = std::move(opened).value();
    if (const std::string& detour = connector_.detour(); !detour.empty()) {
      note({fine(detour)});
    }
    TWINLOG_KILL_POINT("postgres.connected");
    if (auto words = unmet_requirement(*connection_)) {
      return StoreError{.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(*words)};
    }
    auto read = read_schema_state(*connection_);
    if (!read) {
      return std::move(read).error();
    }
    const SchemaState& state = *read;
    if (auto words = unicode_mismatch(state)) {
      note({problem(std::move(*words))});
    }
    return state.version >= schema_version() ? std::nullopt : upgrade(state);
  }

  std::optional<StoreError> upgrade(const SchemaState& state) {
    if (!settings_.store.migrate) {
      return can_write(state) ? std::nullopt : std::optional(schema_is_old(state, ""));
    }
    auto migrated = migrate_schema(*connection_, MigrationBy::kAgent);
    if (!migrated) {
      StoreError& error = migrated.error();
      // How far it came, with what other agents did meanwhile.
      auto now = connection_->is_usable() ? read_schema_state(*connection_) : StoreResult<SchemaState>(state);
      const SchemaState& reached = now ? *now : state;
      if (reached.version >= schema_version() && connection_->is_usable()) {
        return std::nullopt;
      }
      if (can_write(reached) && connection_->is_usable()) {
        note({problem("the schema is not up to date, which only readers notice: " + error.words +
                      "; run `twinlog migrate` as the owner of the tables")});
        return std::nullopt;
      }
      return error.reaction == Reaction::kHold ? schema_is_old(reached, error.code) : std::move(error);
    }
    note(std::move(migrated).value());
    // Roles are for readers; where they cannot be made, a note says how, and writing goes on.
    auto roles = migrate_roles(*connection_);
    if (!roles) {
      note({problem("rights of readers and writers were not granted: " + roles.error().words)});
      return connection_->is_usable() ? std::nullopt : StoreStatus(std::move(roles).error());
    }
    note(std::move(roles).value());
    take_fresh_session();
    return std::nullopt;
  }

  /// For the flushes, where one is to be had: what a server process keeps of a migration makes it give memory back to
  /// the system after every flush and ask for it again, a tenth to a fifth of the server's time.
  void take_fresh_session() {
    auto fresh = connector_.open();
    if (!fresh || unmet_requirement(**fresh)) {
      return;
    }
    const auto state = read_schema_state(**fresh);
    if (state && can_write(*state)) {  // It may be another host of the address.
      connection_ = std::move(fresh).value();
    }
  }

  void note(std::vector<CheckLine> lines) { std::ranges::move(lines, std::back_inserter(notes_)); }

  PostgresStoreSettings settings_;
  const Clock& clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
  /// Our positions as connect() read them or the last flush wrote them; an epoch that is not here has none.
  std::map<Uuid, std::uint64_t> last_leaves_;
  std::optional<std::chrono::microseconds> clock_offset_;
  std::vector<CheckLine> notes_;
  FlushMemory memory_;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<Store> make_postgres_store(PostgresStoreSettings settings, const Clock& clock) {
  return std::make_unique<postgres::PostgresStore>(std::move(settings), clock);
}

}  // namespace twinlog
