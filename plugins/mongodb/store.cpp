#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/accounts.h"
#include "plugins/mongodb/flush_facts.h"
#include "plugins/mongodb/leftovers.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/own_lines.h"
#include "plugins/mongodb/position.h"
#include "plugins/mongodb/schema.h"
#include "plugins/mongodb/written_batch.h"

namespace twinlog {
namespace mongodb {
namespace {

StoreError not_connected() {
  return {
      .reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "not connected to the document store"};
}

class MongodbStore final : public Store {
 public:
  MongodbStore(MongodbStoreSettings settings, const Clock& clock, Random& random, Wait& pauses)
      : settings_(std::move(settings)), clock_(clock), random_(random), pauses_(pauses), lines_(settings_.agent) {}

  StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> epochs) override;
  bool is_connected() const override { return client_ != nullptr; }
  StoreResult<FlushReport> flush(const FlushBatch& batch) override;
  StoreResult<bool> has_record(const EventKey& key) override {
    auto found = client_ ? is_record_there(*client_, key) : StoreResult<bool>(not_connected());
    if (!found) {
      disconnect();
    }
    return found;
  }
  void disconnect() override {
    client_.reset();
    memory_ = {};  // The next one may be another server, or this one set back.
  }
  std::vector<CheckLine> take_notes() override { return std::exchange(notes_, {}); }
  std::optional<std::chrono::microseconds> clock_offset() const override { return clock_offset_; }

 private:
  StoreStatus measure_clock();
  StoreStatus bring_up_schema(Client& client);
  StoreStatus write(const FlushBatch& batch, FlushReport& report);
  StoreStatus settle_replays();
  StoreStatus adopt_leftovers();
  Adopter adopter();
  StoreStatus write_accounts(const FlushBatch& batch, const OurVersions& ours, FlushReport& report);
  StoreStatus name_unlisted(const OurVersions& ours);
  std::string attempt_token();
  void pause(std::chrono::milliseconds most);

  MongodbStoreSettings settings_;
  const Clock& clock_;
  Random& random_;
  Wait& pauses_;
  std::unique_ptr<Client> client_;
  std::optional<std::chrono::microseconds> clock_offset_;
  OwnLines lines_;
  std::chrono::steady_clock::time_point begun_at_{};  ///< The present flush.
  bool is_confirmed_ = false;                         ///< The last flush is known to have succeeded.
  AccountMemory memory_;
  RecountTime recount_time_;
  RecountTime leftovers_time_;  ///< Theirs is tried far less often than a flush.
  bool waits_longer_ = false;   ///< This connection, for a recount that took too long.
  Leftovers leftovers_;
  bool is_unicode_told_ = false;
  std::vector<CheckLine> notes_;
};

StoreStatus MongodbStore::bring_up_schema(Client& client) {
  auto state = read_schema_state(client);
  if (!state) {
    return std::move(state).error();
  }
  if (auto words = unicode_mismatch(*state); words && !std::exchange(is_unicode_told_, true)) {
    notes_.push_back(problem(*std::move(words)));
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
  auto migrated = migrate_schema(client);
  if (!migrated) {
    return std::move(migrated).error();
  }
  std::ranges::move(*migrated, std::back_inserter(notes_));
  return std::nullopt;
}

StoreResult<std::vector<std::optional<AgentPosition>>> MongodbStore::connect(std::span<const Uuid> epochs) {
  if (!client_) {
    auto connected = Client::connect(settings_.store, std::max(recount_time_.wait(), leftovers_time_.wait()));
    if (!connected) {
      return std::move(connected).error();
    }
    waits_longer_ = recount_time_.is_raised() || leftovers_time_.is_raised();
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
  auto positions = lines_.read(*client_, epochs, memory_.applied);
  if (!positions) {
    disconnect();
    return at(StoreStage::kPosition, std::move(positions).error());
  }
  if (auto failed = adopt_leftovers()) {
    disconnect();
    return at(StoreStage::kAccounts, *std::move(failed));
  }
  return positions;
}

Adopter MongodbStore::adopter() {
  return {.own = lines_.epochs(),
          .now = clock_.utc_now(),
          .written_by = attempt_token(),
          .pause = [this](std::chrono::milliseconds most) { pause(most); },
          .recount_time = leftovers_time_};
}

/// What a replay of ours or others left is no reason to hold back what is to come, but for a connection that broke.
StoreStatus MongodbStore::adopt_leftovers() {
  if (auto failed = settle_replays(); failed && needs_a_new_session(failed->reaction)) {
    return failed;
  }
  auto applied = leftovers_.step(*client_, adopter(), clock_.steady_now(), memory_);
  if (!applied) {
    if (needs_a_new_session(applied.error().reaction)) {
      return std::move(applied).error();
    }
    notes_.push_back(problem("what an agent that ended had written without its accounts could not be counted yet: " +
                             applied.error().words));
  } else if (*applied > 0) {
    leftovers_time_.was_enough();
    notes_.push_back(fine("counted " + std::to_string(*applied) +
                          " events in their accounts that an agent which ended had written without"));
  }
  return std::nullopt;
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
  auto failed = write(batch, report);
  is_confirmed_ = !failed;
  if (failed) {
    memory_.counted = {};  // What it inserted and did not merge may be counted by others.
    if (needs_a_new_session(failed->reaction) || failed->reaction == Reaction::kHold) {
      disconnect();  // The next connect reads the password anew and our position in what may be another server.
    }
    return *std::move(failed);
  }
  TWINLOG_KILL_POINT("mongodb.position_written");
  report.round_trips = client_->commands() - commands_before;
  recount_time_.was_enough();
  if (waits_longer_ && !leftovers_time_.is_raised()) {
    disconnect();  // The long recount is done: nobody shall wait that long for a server that fell silent.
  }
  return report;
}

// The order is fixed by DECISIONS.md: every step is idempotent, and what a step relies on was confirmed by the one
// before. Dying in between leaves versions that the next flush recognises as its own.
StoreStatus MongodbStore::write(const FlushBatch& whole, FlushReport& report) {
  begun_at_ = clock_.steady_now();
  if (auto failed = lines_.settle(*client_, whole)) {
    return at(StoreStage::kPosition, std::move(failed));
  }
  if (auto failed = settle_replays()) {
    return in_collection(StoreStage::kAccounts, std::move(failed));
  }
  const FlushBatch batch =
      whole.is_replay ? without_early_letters(whole, lines_.of(whole.epoch_id).leaves.delivered, report) : whole;
  if (batch.is_replay && batch.versions.empty()) {
    return std::nullopt;
  }
  if (auto failed = lines_.begin(*client_, batch, attempt_token(), ids_of_account_versions(batch.versions))) {
    return in_collection(StoreStage::kPosition, std::move(failed));
  }
  TWINLOG_KILL_POINT("mongodb.flush_begun");
  OurVersions ours;
  if (auto failed = write_batch(*client_, batch, report, ours)) {
    return failed;
  }
  TWINLOG_KILL_POINT("mongodb.versions_written");
  if (auto failed = write_leaves(*client_, batch.epoch_id, batch.ledger.own_leaves, ours.further)) {
    return at(StoreStage::kLedger, std::move(failed));
  }
  TWINLOG_KILL_POINT("mongodb.leaves_written");
  if (auto failed = write_tiles(*client_, batch.epoch_id, batch.ledger.tiles)) {
    return at(StoreStage::kLedger, std::move(failed));
  }
  TWINLOG_KILL_POINT("mongodb.tiles_written");
  if (auto failed = write_accounts(batch, ours, report)) {
    return in_collection(StoreStage::kAccounts, std::move(failed));
  }
  TWINLOG_KILL_POINT("mongodb.accounts_written");
  if (auto failed = name_unlisted(ours)) {
    return at(StoreStage::kAccounts, std::move(failed));
  }
  if (auto failed = write_epoch_and_checkpoints(*client_, batch.epoch_id, batch.ledger)) {
    return at(StoreStage::kLedger, std::move(failed));
  }
  TWINLOG_KILL_POINT("mongodb.checkpoints_written");
  return in_collection(StoreStage::kPosition, lines_.end(*client_, batch, memory_.applied));
}

StoreStatus MongodbStore::settle_replays() {
  return lines_.settle_replays(
      *client_, [this] { return adopter(); }, memory_);
}

StoreStatus MongodbStore::write_accounts(const FlushBatch& batch, const OurVersions& ours, FlushReport& report) {
  const AccountWork work{.versions = by_account(ours.all),
                         .inserted = ours.inserted,
                         .writer = {.epoch_id = batch.epoch_id,
                                    .line = lines_.of(batch.epoch_id).leaves,
                                    .is_replay = batch.is_replay,
                                    .now = clock_.utc_now()},
                         .read = is_confirmed_ ? ReadConcern::kLocal : ReadConcern::kMajority,
                         .written_by = attempt_token(),
                         .is_too_late = [this] { return clock_.steady_now() - begun_at_ > kFlushMost; },
                         .pause = [this](std::chrono::milliseconds most) { pause(most); }};
  auto applied = apply_to_accounts(*client_, work, memory_, recount_time_);
  if (!applied) {
    return std::move(applied).error();
  }
  report.accounts = applied->written;
  report.recounts = applied->recounts;
  return std::nullopt;
}

StoreStatus MongodbStore::name_unlisted(const OurVersions& ours) {
  auto epochs = leftovers_.unlisted(*client_, ours.of_others, memory_.applied);
  if (!epochs) {
    return std::move(epochs).error();
  }
  for (const Uuid& epoch_id : *epochs) {
    notes_.push_back(problem("an agent of an older version (epoch " + uuid_text(epoch_id) +
                             ") stored events that it has not confirmed. Where it comes back, or an agent of this "
                             "version on its spool, they get into their accounts; where its spool is lost, their "
                             "accounts miss them: compare with the other store"));
  }
  return std::nullopt;
}

void MongodbStore::pause(std::chrono::milliseconds most) {
  std::array<std::uint8_t, 2> bytes{};
  random_.fill(bytes);
  const unsigned drawn = bytes[0] * 256U + bytes[1];
  pauses_.wait_for(most * drawn / 65'536U);
}

std::string MongodbStore::attempt_token() {
  std::array<std::uint8_t, 16> bytes{};
  random_.fill(bytes);
  return hex(bytes);
}

}  // namespace
}  // namespace mongodb

std::unique_ptr<Store> make_mongodb_store(MongodbStoreSettings settings, const Clock& clock, Random& random,
                                          Wait& pauses) {
  return std::make_unique<mongodb::MongodbStore>(std::move(settings), clock, random, pauses);
}

std::string mongoc_version() {
  return mongoc_get_version();
}

}  // namespace twinlog
