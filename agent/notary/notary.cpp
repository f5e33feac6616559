#include "agent/notary/notary.h"

#include <algorithm>
#include <utility>

#include "ledger/base/base64.h"
#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"
#include "ledger/note/checkpoint.h"
#include "ledger/note/origin.h"

namespace twinlog {

Notary::Notary(NotarySettings settings, Enrolment enrolment, Parts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      enrolment_(std::move(enrolment)),
      schedule_(settings_.pace),
      rider_([this](const TreeState& tree, UtcMicros accept_at) {
        rider_index_ = tree.size;
        return heartbeat(tree, accept_at);
      }) {}

Status Notary::begin() {
  if (enrolment_.is_throw_away()) {
    parts_.log.line(LogLevel::kWarning, "ledger_key_throw_away",
                    "no enrolment key is configured, so this spool signs its ledger with a throw-away key: whoever can "
                    "change its stores and its spool could make another; make one with `twinlog keygen` and set "
                    "ledger.enrolment_key_file");
  }
  const std::optional<EndedEpoch> ended = parts_.spool.ended_epoch();
  if (!ended) {
    return begin_epoch(OpenReason::kFirst, std::nullopt);
  }
  Previous previous{.id = ended->id, .tree = std::nullopt};
  if (ended->size) {
    previous.tree = PreviousTree{*ended->size, ended->root};
  }
  return begin_epoch(OpenReason::kRestart, previous);
}

Status Notary::begin_epoch(OpenReason reason, const std::optional<Previous>& previous) {
  const Uuid id = uuid_v7(parts_.clock.utc_now(), parts_.random);
  key_.emplace(origin_of(settings_.origin, settings_.agent, id), parts_.random);
  answers_before_ = parts_.answers();
  opened_boottime_ = parts_.boottime();
  std::string note;
  const UtcMicros opened_at = parts_.clock.utc_now();
  const auto begun = parts_.spool.begin_epoch(
      {.id = id,
       .origin = key_->name(),
       .open =
           [&](const TreeState& /*tree*/, UtcMicros accept_at) {
             OpenLeaf open = open_leaf(reason, previous);
             open.due = accept_at + 2 * std::chrono::microseconds(settings_.pace.idle_every).count();
             return encode_leaf({id, 0, accept_at}, open);
           },
       .note =
           [&](const Digest& root) {
             return note = sign_checkpoint({1, root}, *key_, &enrolment_.key());
           }},
      opened_at);
  if (!begun) {
    key_.reset();
    to_follow_ = previous;
    follow_reason_ = reason;
    try_again_ = parts_.clock.steady_now() + kTryAgain;
    {
      const std::scoped_lock lock(mutex_);
      status_.has_epoch = false;
    }
    note_trouble("no epoch of the ledger could be begun: " + begun.error().message());
    return begun.error();
  }
  to_follow_.reset();
  base_ = parts_.spool.last_leaf();
  ahead_at_opening_ = std::max<UtcMicros>(0, begun->last_accept_at - opened_at);
  const auto now = parts_.clock.steady_now();
  schedule_.began(now);
  const std::string enrolment_key = verifier_key_text(enrolment_.key().verifier());
  bool is_other_key = false;
  {
    const std::scoped_lock lock(mutex_);
    status_.has_epoch = true;
    status_.origin = key_->name();
    is_other_key = std::exchange(status_.enrolment_key, enrolment_key) != enrolment_key;
    status_.is_throw_away = enrolment_.is_throw_away();
    status_.key_trouble = enrolment_.trouble();
    ++status_.epochs.at(static_cast<std::size_t>(reason));
  }
  if (is_other_key) {
    parts_.log.line(LogLevel::kInfo, "ledger_key", enrolment_key);
  }
  note_trouble("");
  publish({.epoch_id = id, .size = 1, .root = begun->root, .note = note, .accepted_at = begun->last_accept_at},
          Telling::kAlways);
  return {};
}

OpenLeaf Notary::open_leaf(OpenReason reason, const std::optional<Previous>& previous) {
  OpenLeaf open;
  open.origin = key_->name();
  open.verifier_key = verifier_key_text(key_->verifier());
  if (previous) {
    open.previous = previous->id;
    open.previous_tree = previous->tree;
  }
  open.reason = reason;
  open.agent = settings_.facts;
  open.witnesses = take_witnesses();
  return open;
}

std::optional<OpenReason> Notary::reason_for_another() const {
  const TreeState tree = parts_.spool.tree();
  {
    const std::scoped_lock lock(mutex_);
    if (is_store_ahead_) {
      return OpenReason::kStoreAhead;
    }
  }
  if (parts_.clock.utc_now() + ahead_at_opening_ < tree.last_accept_at - settings_.clock_back.count()) {
    return OpenReason::kClock;
  }
  const bool is_old = parts_.boottime() - opened_boottime_ >= settings_.longest_epoch;
  return is_old || tree.size + 1 >= settings_.most_leaves || tree.tenants >= settings_.most_tenants
             ? std::optional(OpenReason::kRollOver)
             : std::nullopt;
}

/// The one that could not be begun may be in the spool after all: then the next one is to end it.
void Notary::follow_what_is_there() {
  const std::optional<EndedEpoch> ended = parts_.spool.ended_epoch();
  if (!ended || (to_follow_ && to_follow_->id == ended->id)) {
    return;
  }
  to_follow_ = Previous{.id = ended->id, .tree = std::nullopt};
  if (ended->size) {
    to_follow_->tree = PreviousTree{*ended->size, ended->root};
  }
  follow_reason_ = follow_reason_ == OpenReason::kFirst ? OpenReason::kRestart : follow_reason_;
}

void Notary::before_commit() {
  if (!key_) {
    if (!is_over_ && parts_.clock.steady_now() >= try_again_) {
      follow_what_is_there();
      static_cast<void>(begin_epoch(follow_reason_, to_follow_));
    }
    return;
  }
  if (const std::optional<OpenReason> reason = reason_for_another()) {
    begin_another_for(*reason);
  }
}

void Notary::begin_another_for(OpenReason reason) {
  const CloseReason why = reason == OpenReason::kStoreAhead ? CloseReason::kStoreAhead
                          : reason == OpenReason::kClock    ? CloseReason::kClock
                                                            : CloseReason::kRollOver;
  if (const Status ended = end_epoch(why); !ended) {
    return;  // Tried again before the next commit, which the disk refuses for the same reason.
  }
  const TreeState tree = parts_.spool.tree();
  if (const std::string& trouble = enrolment_.renew(); !trouble.empty()) {
    parts_.log.line(LogLevel::kError, "ledger_key_unreadable", trouble);
  }
  {
    const std::scoped_lock lock(mutex_);
    is_store_ahead_ = false;
  }
  parts_.log.line(LogLevel::kInfo, "ledger_epoch_ended", "another epoch of the ledger begins",
                  {{"epoch", uuid_text(tree.epoch_id)},
                   {"leaves", std::to_string(tree.size)},
                   {"reason", std::to_string(static_cast<int>(reason))}});
  static_cast<void>(begin_epoch(reason, Previous{.id = tree.epoch_id, .tree = PreviousTree{tree.size, tree.root}}));
}

Status Notary::end_epoch(CloseReason reason) {
  const auto closed = parts_.spool.append(
      [&](const TreeState& tree, UtcMicros accept_at) {
        return encode_leaf({tree.epoch_id, tree.size, accept_at}, CloseLeaf{.reason = reason, .tally = tally_of(tree)});
      },
      parts_.clock.utc_now());
  if (!closed) {
    note_trouble("the epoch of the ledger could not be closed: " + closed.error().message());
    return closed.error();
  }
  TWINLOG_KILL_POINT("notary.closed");
  sign(*closed, Telling::kAlways);
  return {};
}

Result<const LeafMaker*> Notary::rider() {
  rider_index_.reset();
  if (!key_) {
    return Error(ErrorKind::kTransient, "the ledger has no tree that an event could go into");
  }
  size_before_rider_ = parts_.spool.tree().size;
  return schedule_.is_due(parts_.clock.steady_now()) ? &rider_ : nullptr;
}

void Notary::after_commit() {
  const TreeState tree = parts_.spool.tree();
  const auto now = parts_.clock.steady_now();
  if (!key_ || tree.size == size_before_rider_) {
    return;  // Nothing was taken.
  }
  if (rider_index_ && tree.size == *rider_index_ + 1) {
    sign(tree, Telling::kInTurn);
  } else {
    schedule_.grown_to(tree.size, now);
  }
}

std::string Notary::heartbeat(const TreeState& tree, UtcMicros accept_at) {
  HeartbeatLeaf leaf;
  leaf.witnesses = take_witnesses();
  leaf.tally = tally_of(tree);
  leaf.due = accept_at + 2 * std::chrono::microseconds(settings_.pace.idle_every).count();
  return encode_leaf({tree.epoch_id, tree.size, accept_at}, leaf);
}

EpochTally Notary::tally_of(const TreeState& tree) const {
  const AnswerCounts now = parts_.answers();
  return {.previous_checkpoint = schedule_.covered(),
          .accepted = tree.events,
          .duplicate = now.duplicate - answers_before_.duplicate,
          .conflict = now.conflict - answers_before_.conflict,
          .rejected = now.rejected - answers_before_.rejected,
          .busy = now.busy - answers_before_.busy,
          .confirmed_postgres = confirmed(StoreId::kPostgres),
          .confirmed_mongodb = confirmed(StoreId::kMongodb),
          .boottime_micros = static_cast<std::uint64_t>((parts_.boottime() - opened_boottime_).count())};
}

/// How many leaves of the epoch the store has confirmed.
std::uint64_t Notary::confirmed(StoreId store) const {
  const std::uint64_t cursor = parts_.spool.cursor(store);
  const bool is_on = settings_.is_store_enabled.at(static_cast<std::size_t>(store));
  return is_on && cursor >= base_ ? cursor - base_ + 1 : 0;
}

std::vector<Witness> Notary::take_witnesses() {
  const auto now = parts_.clock.steady_now();
  if (!parts_.witnesses || (witnessed_at_ && now - *witnessed_at_ < kWitnessEvery)) {
    return {};
  }
  std::vector<Witness> found = parts_.witnesses();
  found.resize(std::min(found.size(), kMostWitnesses));
  if (!found.empty()) {
    witnessed_at_ = now;
  }
  return found;
}

Status Notary::beat() {
  const auto beaten = parts_.spool.append(rider_, parts_.clock.utc_now());
  if (!beaten) {
    schedule_.put_off(parts_.clock.steady_now());
    note_trouble("no heartbeat could be written: " + beaten.error().message());
    return beaten.error();
  }
  sign(*beaten, Telling::kInTurn);
  return {};
}

void Notary::sign(const TreeState& tree, Telling telling) {
  SavedNote note{.epoch_id = tree.epoch_id,
                 .size = tree.size,
                 .root = tree.root,
                 .note = sign_checkpoint({tree.size, tree.root}, *key_),
                 .accepted_at = tree.last_accept_at};
  if (const Status kept = parts_.spool.keep_note(note); !kept) {
    note_trouble("a checkpoint could not be kept: " + kept.error().message());
    schedule_.put_off(parts_.clock.steady_now());
    return;  // Nobody has seen it; the next heartbeat covers what this one would have.
  }
  TWINLOG_KILL_POINT("notary.signed");
  schedule_.signed_at(tree.size, parts_.clock.steady_now());
  note_trouble("");
  publish(note, telling);
}

void Notary::publish(const SavedNote& note, Telling telling) {
  {
    const std::scoped_lock lock(mutex_);
    status_.newest_note = note.note;
    status_.size = note.size;
    status_.signed_at = note.accepted_at;
    ++status_.checkpoints;
  }
  parts_.on_signed();
  const auto now = parts_.clock.steady_now();
  if (telling == Telling::kAlways || !told_at_ || now - *told_at_ >= settings_.pace.checkpoint_every) {
    told_at_ = now;
    parts_.log.line(LogLevel::kInfo, "checkpoint", base64(note.note));
  }
}

std::chrono::milliseconds Notary::step() {
  before_commit();
  if (!key_) {
    return kTryAgain;
  }
  declare_losses();
  serve_requests();
  const auto now = parts_.clock.steady_now();
  if (schedule_.is_due(now) && !beat()) {
    return kTryAgain;
  }
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(schedule_.due_at() - parts_.clock.steady_now());
  return std::max(rest, std::chrono::milliseconds{1});
}

void Notary::close() {
  is_over_ = true;
  if (!key_) {
    return;
  }
  serve_requests();
  static_cast<void>(end_epoch(CloseReason::kStop));
  key_.reset();
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  for (Request* request : requests_) {
    request->outcome = Error(ErrorKind::kTransient, "the agent is stopping");
  }
  requests_.clear();
  served_.notify_all();
}

void Notary::note_trouble(const std::string& words) {
  std::string before;
  {
    const std::scoped_lock lock(mutex_);
    before = std::exchange(status_.trouble, words);
  }
  if (!words.empty() && words != before) {
    parts_.log.line(LogLevel::kError, "ledger_stands_still", words);
  }
}

NotaryStatus Notary::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

}  // namespace twinlog
