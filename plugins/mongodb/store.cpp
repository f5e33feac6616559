#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/accounts.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/position.h"
#include "plugins/mongodb/schema.h"
#include "plugins/mongodb/versions.h"

namespace twinlog {
namespace mongodb {
namespace {

StoreError not_connected() {
  return {
      .reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "not connected to the document store"};
}

std::optional<std::uint64_t> last_leaf(const std::optional<AgentPosition>& position) {
  return position ? std::optional(position->last_leaf) : std::nullopt;
}

/// The versions whose stored copy carries our acceptance.
struct OurVersions {
  std::vector<const Version*> all;
  std::set<const Version*> inserted;  ///< Those that were not there before this flush.
};

class MongodbStore final : public Store {
 public:
  MongodbStore(MongodbStoreSettings settings, const Clock& clock, Random& random)
      : settings_(std::move(settings)), clock_(clock), random_(random) {}

  StoreResult<std::optional<AgentPosition>> connect() override;
  bool is_connected() const override { return client_ != nullptr; }
  StoreResult<FlushReport> flush(const FlushBatch& batch) override;
  void disconnect() override { client_.reset(); }
  std::optional<std::chrono::microseconds> clock_offset() const override { return clock_offset_; }

 private:
  StoreStatus measure_clock();
  StoreStatus bring_up_schema(Client& client) const;
  StoreStatus write(const FlushBatch& batch, FlushReport& report);
  StoreStatus expect_position();
  StoreStatus write_versions(const FlushBatch& batch, FlushReport& report, OurVersions& ours);
  StoreStatus write_accounts(const OurVersions& ours, FlushReport& report);
  std::string attempt_token();

  MongodbStoreSettings settings_;
  const Clock& clock_;
  Random& random_;
  std::unique_ptr<Client> client_;
  std::optional<std::chrono::microseconds> clock_offset_;
  std::optional<std::uint64_t> delivered_leaf_;  ///< As twinlog_agents says for our epoch; nothing: it has no line.
};

StoreStatus MongodbStore::bring_up_schema(Client& client) const {
  auto state = read_schema_state(client);
  if (!state) {
    return std::move(state).error();
  }
  if (state->is_current()) {
    return std::nullopt;
  }
  if (!settings_.store.migrate) {
    return StoreError{.reaction = Reaction::kHold,
                      .code = "",
                      .constraint = "",
                      .words =
                          "the document store has no current twinlog schema; run `twinlog migrate`, or set "
                          "stores.mongodb.migrate = true"};
  }
  return migrate_schema(client);
}

StoreResult<std::optional<AgentPosition>> MongodbStore::connect() {
  if (!client_) {
    auto connected = Client::connect(settings_.store);
    if (!connected) {
      return std::move(connected).error();
    }
    std::unique_ptr<Client> client = *std::move(connected);
    if (auto failed = bring_up_schema(*client)) {
      return at(StoreStage::kSchema, *std::move(failed));
    }
    client_ = std::move(client);
  }
  if (auto failed = measure_clock()) {
    disconnect();
    return *std::move(failed);
  }
  auto position = read_position(*client_, settings_.epoch_id);
  if (!position) {
    disconnect();
    return at(StoreStage::kPosition, std::move(position).error());
  }
  delivered_leaf_ = last_leaf(*position);
  return position;
}

/// Asks as old and new servers understand it. One that does not tell its time is fine; a broken connection is not.
StoreStatus MongodbStore::measure_clock() {
  Bson question;
  BsonWriter(question).int32("isMaster", 1);
  const UtcMicros before = clock_.utc_now();
  const auto answer = client_->command(question);
  const UtcMicros after = clock_.utc_now();
  const auto theirs = answer ? BsonFields(*answer).date("localTime") : std::nullopt;
  clock_offset_ = theirs ? clock_offset_of(*theirs, before, after) : std::nullopt;
  return !answer && answer.error().reaction == Reaction::kReconnect ? StoreStatus(answer.error()) : std::nullopt;
}

StoreResult<FlushReport> MongodbStore::flush(const FlushBatch& batch) {
  if (!client_) {
    return not_connected();
  }
  FlushReport report;
  const std::uint64_t commands_before = client_->commands();
  if (auto failed = write(batch, report)) {
    if (failed->reaction == Reaction::kReconnect || failed->reaction == Reaction::kHold) {
      disconnect();  // The next connect reads the password anew and our position in what may be another server.
    }
    return *std::move(failed);
  }
  TWINLOG_KILL_POINT("mongodb.position_written");
  delivered_leaf_ = std::max(delivered_leaf_.value_or(0), batch.position.last_leaf);
  report.round_trips = client_->commands() - commands_before;
  return report;
}

// The order is fixed by contract 2.4: every step is idempotent, and what a step relies on was confirmed by the one
// before. Dying in between leaves versions that the next flush recognises as its own.
StoreStatus MongodbStore::write(const FlushBatch& batch, FlushReport& report) {
  if (auto failed = expect_position()) {
    return at(StoreStage::kPosition, std::move(failed));
  }
  OurVersions ours;
  if (auto failed = write_versions(batch, report, ours)) {
    return failed;
  }
  TWINLOG_KILL_POINT("mongodb.versions_written");
  if (auto failed = write_accounts(ours, report)) {
    return at(StoreStage::kAccounts, std::move(failed));
  }
  TWINLOG_KILL_POINT("mongodb.accounts_written");
  return at(StoreStage::kPosition, write_position(*client_, {.id = settings_.epoch_id, .agent = settings_.agent},
                                                  batch.position, delivered_leaf_));
}

/// Before anything is written: marks that this flush would move in a store that lost what lies below them would make
/// the agent take for applied what it is about to send again.
StoreStatus MongodbStore::expect_position() {
  auto position = read_position(*client_, settings_.epoch_id);
  if (!position) {
    return std::move(position).error();
  }
  const bool is_expected = last_leaf(*position) == delivered_leaf_;
  return is_expected ? std::nullopt : StoreStatus(position_moved());
}

/// Records, then conflicts.
StoreStatus MongodbStore::write_versions(const FlushBatch& batch, FlushReport& report, OurVersions& ours) {
  std::vector<const Version*> waiting;
  for (const Version& version : batch.versions) {
    waiting.push_back(&version);
  }
  for (const Shelf shelf : {Shelf::kRecords, Shelf::kConflicts}) {
    if (waiting.empty()) {
      break;
    }
    auto stored = store_versions(*client_, shelf, waiting);
    if (!stored) {
      return at(shelf == Shelf::kRecords ? StoreStage::kRecords : StoreStage::kConflicts, std::move(stored).error());
    }
    const std::vector<Place>& places = *stored;
    std::vector<const Version*> conflicts;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] == Place::kOther) {
        conflicts.push_back(waiting[i]);
        continue;
      }
      const bool is_new = places[i] == Place::kInserted;
      ++(is_new ? (shelf == Shelf::kRecords ? report.inserted : report.conflicts) : report.duplicates);
      if (places[i] != Place::kRepeated) {
        ours.all.push_back(waiting[i]);
      }
      if (is_new) {
        ours.inserted.insert(waiting[i]);
      }
    }
    if (shelf == Shelf::kConflicts) {
      TWINLOG_KILL_POINT("mongodb.conflicts_written");
      return at(StoreStage::kConflicts, mark_conflicts(*client_, waiting));
    }
    waiting = std::move(conflicts);
  }
  return std::nullopt;
}

StoreStatus MongodbStore::write_accounts(const OurVersions& ours, FlushReport& report) {
  const AccountWork work{.versions = by_account(ours.all),
                         .inserted = ours.inserted,
                         .epoch_id = settings_.epoch_id,
                         .delivered_leaf = delivered_leaf_.value_or(0),
                         .now = clock_.utc_now(),
                         .written_by = attempt_token()};
  auto applied = apply_to_accounts(*client_, work);
  if (!applied) {
    return std::move(applied).error();
  }
  report.accounts = applied->written;
  report.recounts = applied->recounts;
  return std::nullopt;
}

std::string MongodbStore::attempt_token() {
  std::array<std::uint8_t, 16> bytes{};
  random_.fill(bytes);
  return hex(bytes);
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<Store> make_mongodb_store(MongodbStoreSettings settings, const Clock& clock, Random& random) {
  return std::make_unique<mongodb::MongodbStore>(std::move(settings), clock, random);
}

std::string mongoc_version() {
  return mongoc_get_version();
}

}  // namespace twinlog
