#include <algorithm>
#include <iterator>
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

// One row always: the clock, and the position where there is one.
constexpr std::string_view kReadPosition =
    "SELECT clock_timestamp(), last_leaf_index, flushed_at, newest_effective_at "
    "FROM (VALUES (1)) one LEFT JOIN twinlog_agents ON epoch_id = $1";

StoreError schema_is_old(const SchemaState& state, std::string code) {
  return {.reaction = Reaction::kHold,
          .code = std::move(code),
          .constraint = "",
          .words = "schema " + state.schema + " in PostgreSQL is at version " + std::to_string(state.version) +
                   ", this agent needs " + std::to_string(schema_version()) +
                   "; run `twinlog migrate` as the owner of the tables"};
}

bool can_write(const SchemaState& state) {
  return state.version >= schema_version_of_writers();
}

// What an operator mends may only show in a new session: a setting of the role, a schema that was set back.
bool wants_a_new_session(Reaction reaction) {
  return needs_a_new_session(reaction) || reaction == Reaction::kHold;
}

class PostgresStore final : public Store {
 public:
  PostgresStore(PostgresStoreSettings settings, const Clock& clock)
      : settings_(std::move(settings)),
        owner_{settings_.epoch_id, settings_.agent},
        clock_(clock),
        connector_(settings_.store, clock),
        memory_{Recounts(settings_.recount_limit)} {}

  StoreResult<std::optional<AgentPosition>> connect() override {
    if (!is_connected()) {
      if (auto failure = open()) {
        disconnect();
        return std::move(*failure);
      }
    }
    const UtcMicros before = clock_.utc_now();
    auto rows = connection_->run_one({kReadPosition, {uuid_parameter(as_text(owner_.epoch_id))}}, kQuestionLimit);
    if (!rows) {
      disconnect();
      return at(StoreStage::kPosition, std::move(rows).error());
    }
    const Rows& found = *rows;
    clock_offset_ = clock_offset_of(timestamp_value(found.value(0, 0)), before, clock_.utc_now());
    last_leaf_.reset();
    if (found.is_null(0, 1)) {
      if (auto hidden = hidden_bookkeeping(*connection_)) {
        disconnect();
        return std::move(*hidden);
      }
      return std::optional<AgentPosition>();
    }
    last_leaf_ = static_cast<std::uint64_t>(int8_value(found.value(0, 1)));
    return std::optional(AgentPosition{.last_leaf = *last_leaf_,
                                       .flushed_at = timestamp_value(found.value(0, 2)),
                                       .newest_effective_at = timestamp_value(found.value(0, 3))});
  }

  bool is_connected() const override { return connection_ != nullptr && connection_->is_usable(); }

  StoreResult<FlushReport> flush(const FlushBatch& batch) override {
    if (!is_connected()) {
      return classify("", "");
    }
    auto failure = at(StoreStage::kAccounts, memory_.recounts.read_beforehand(*connection_));
    auto report = failure ? StoreResult<FlushReport>(std::move(*failure))
                          : postgres::flush(*connection_, clock_, {owner_, last_leaf_}, memory_, batch);
    if (report) {
      if (!batch.is_replay) {
        // The row never goes back: a store that is ahead of this batch (a lagging cursor) stays where it is.
        last_leaf_ = std::max(last_leaf_.value_or(0), batch.position.last_leaf);
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
  FlushOwner owner_;
  const Clock& clock_;
  Connector connector_;
  std::unique_ptr<Connection> connection_;
  std::optional<std::uint64_t> last_leaf_;  ///< Our position as connect() read it or the last flush wrote it.
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
