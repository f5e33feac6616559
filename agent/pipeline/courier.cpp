#include "agent/pipeline/courier.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/pipeline/replay.h"
#include "ledger/base/kill_point.h"

namespace twinlog {
namespace {

// After this many refusals in a row the batch is halved.
constexpr unsigned kRefusalsBeforeHalving = 3;

/// 0 where there is no version: a store keeps the later time that it has.
UtcMicros newest_effective_at(const std::vector<Version>& versions) {
  return versions.empty() ? 0 : std::ranges::max_element(versions, {}, &Version::effective_at)->effective_at;
}

/// An event of the spool that cannot be read is passed over only after that is on record, and read() then goes beyond.
bool is_damage(const Error& error) {
  return error.kind() == ErrorKind::kCorrupt;
}

}  // namespace

void Courier::set_pace(const CourierPace& pace) {
  const std::scoped_lock lock(mutex_);
  next_pace_ = pace;
}

void Courier::take_pace() {
  const std::scoped_lock lock(mutex_);
  if (next_pace_) {
    settings_.pace = *std::exchange(next_pace_, std::nullopt);
    batch_events_ = std::min(batch_events_, settings_.pace.batch_events);
    next_try_ = std::min(next_try_, parts_.clock.steady_now() + settings_.pace.backoff.most);
    status_.next_try_at = status_.next_try_at ? std::optional(next_try_) : std::nullopt;
  }
}

void Courier::drain(const Drain& drain) {
  const std::scoped_lock lock(mutex_);
  drain_ = drain;
  is_drain_new_ = true;
}

bool Courier::is_draining() const {
  const std::scoped_lock lock(mutex_);
  return drain_ && parts_.spool.cursor(settings_.store) < drain_->last_leaf &&
         parts_.clock.steady_now() < drain_->ends_at;
}

/// Once for each drain: events still come in, and each of them wakes the courier.
void Courier::end_wait_to_drain() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(is_drain_new_, false)) {
    next_try_ = {};
  }
}

std::chrono::milliseconds Courier::step() {
  take_pace();
  end_wait_to_drain();
  const TimePoint now = parts_.clock.steady_now();
  last_step_.store(now);
  if (now < next_try_) {
    return std::chrono::ceil<std::chrono::milliseconds>(next_try_ - now);
  }
  if (!parts_.store.is_connected() || position_.is_loss_unnoted() || now - compared_at_ >= kBusyProbe) {
    return connect();
  }
  if (replay_order_.tally().waiting > 0 && !std::exchange(is_replay_put_off_, false)) {
    return replay();
  }
  const std::uint64_t cursor = parts_.spool.cursor(settings_.store);
  const std::uint64_t last = parts_.spool.last_leaf();
  if (last <= cursor) {
    waiting_since_.reset();
    return now - compared_at_ < settings_.probe ? kIdle : connect();
  }
  if (const auto wait = wait_for_batch(parts_.spool.events_in({cursor + 1, last}))) {
    return *wait;
  }
  return flush(cursor);
}

std::optional<std::chrono::milliseconds> Courier::wait_for_batch(std::uint64_t waiting) {
  if (waiting >= batch_events_ || is_draining()) {
    return std::nullopt;
  }
  const TimePoint now = parts_.clock.steady_now();
  if (!waiting_since_) {
    waiting_since_ = now;
  }
  const auto due = *waiting_since_ + settings_.pace.linger;
  if (now >= due) {
    return std::nullopt;
  }
  return std::chrono::ceil<std::chrono::milliseconds>(due - now);
}

std::chrono::milliseconds Courier::connect() {
  const std::vector<SpoolEpoch> epochs = parts_.spool.epochs();
  std::vector<Uuid> ids;
  std::ranges::transform(epochs, std::back_inserter(ids), &SpoolEpoch::id);
  in_store(parts_.clock.steady_now());
  auto outcome = parts_.store.connect(ids);
  in_store(std::nullopt);
  log_notes();
  if (!outcome) {
    is_known_connected_ = false;
    return failed(outcome.error());
  }
  note_connected();
  if (!std::exchange(is_known_connected_, true)) {
    parts_.log.line(LogLevel::kInfo, "store_connected", "connected",
                    {{"store", std::string(store_name(settings_.store))}});
  }
  TWINLOG_KILL_POINT("courier.connected");
  compare_positions(epochs, *outcome);
  if (auto failed_look = look_for_newest()) {
    return failed(*failed_look);
  }
  compared_at_ = parts_.clock.steady_now();
  if (position_.is_loss_unnoted()) {
    return failed_here(
        "the spool cannot keep that this store may be incomplete, so nothing is sent that would hide it; make room on "
        "the spool's volume",
        Reaction::kRetrySlowly);
  }
  if (backlog() == 0) {
    end_failures(0);
  }
  return std::chrono::milliseconds{0};
}

void Courier::compare_positions(std::span<const SpoolEpoch> epochs,
                                std::span<const std::optional<AgentPosition>> positions) {
  const PositionCheck::Finding found = position_.compare(epochs, positions);
  if (found == PositionCheck::Finding::kAheadNow && parts_.on_ahead) {
    parts_.on_ahead();
  }
  const std::scoped_lock lock(mutex_);
  status_.rewinds += found == PositionCheck::Finding::kForgot ? 1 : 0;
  status_.is_position_ahead |= found == PositionCheck::Finding::kAhead || found == PositionCheck::Finding::kAheadNow;
}

/// The newest record at the cursor or before it, where the spool still has it and the store is not known to have
/// refused it.
StoreStatus Courier::look_for_newest() {
  const std::uint64_t number = parts_.spool.newest_event(parts_.spool.cursor(settings_.store));
  const auto newest = number > 0 ? parts_.spool.read(number - 1, 1, 1) : Result(std::vector<Version>());
  if (!newest || newest->empty() || newest->front().number != number ||
      !parts_.spool.dead_leaves(settings_.store, {number, number}).empty()) {
    return std::nullopt;
  }
  const AuthEvent& event = newest->front().event;
  in_store(parts_.clock.steady_now());
  const auto is_there = parts_.store.has_record({event.tenant_id, event.log_id});
  in_store(std::nullopt);
  if (!is_there) {
    return is_there.error();
  }
  if (!*is_there && position_.record_is_gone(parts_.clock.steady_now()) == PositionCheck::Finding::kForgot) {
    const std::scoped_lock lock(mutex_);
    ++status_.rewinds;
  }
  return std::nullopt;
}

std::chrono::milliseconds Courier::flush(std::uint64_t after) {
  auto batch = reader_.take({after, batch_events_, settings_.batch_bytes});
  if (!batch && is_damage(batch.error())) {
    const Status given_up = parts_.spool.give_up_unreadable(after);
    return given_up.ok() ? std::chrono::milliseconds{0}
                         : failed_here("an event of the spool cannot be read, and that cannot be put on record: " +
                                           given_up.error().message(),
                                       Reaction::kRetrySlowly);
  }
  if (!batch) {
    return failed_here("the spool cannot be read: " + batch.error().message(), Reaction::kRetry);
  }
  if (batch->last_number == 0) {
    return batch->waits_for_note ? kSigning : pass_hole(after);
  }
  if (auto noted = note_holes({after + 1, batch->last_number}, batch->items)) {
    return *noted;
  }
  return send(*std::move(batch));
}

/// Numbers that lead nowhere are on record, or are put there before the cursor goes beyond them.
std::optional<std::chrono::milliseconds> Courier::note_holes(const LeafRange& range, std::size_t there) {
  if (range.last - range.first + 1 == there) {
    return std::nullopt;
  }
  const Status noted = parts_.spool.note_missing(range);
  return noted.ok() ? std::nullopt
                    : std::optional(failed_here("events of the spool are missing, and that cannot be put on record: " +
                                                    noted.error().message(),
                                                Reaction::kRetrySlowly));
}

void Courier::replay(std::span<const std::uint64_t> leaves) {
  replay_order_.add(leaves);
}

std::chrono::milliseconds Courier::replay() {
  const std::vector<std::uint64_t> leaves = replay_order_.next(settings_.pace.batch_events);
  in_store(parts_.clock.steady_now());
  const auto outcome = replay_letters(parts_.spool, settings_.store, parts_.store, leaves);
  in_store(std::nullopt);
  if (!outcome) {
    is_replay_put_off_ = true;  // What is new goes before the next try.
    return failed(outcome.error());
  }
  replay_order_.done(leaves.size(), outcome->taken, outcome->refused);
  parts_.log.line(LogLevel::kInfo, "dead_letters_replayed", "dead letters were offered to the store again",
                  {{"store", std::string(store_name(settings_.store))},
                   {"taken", std::to_string(outcome->taken)},
                   {"refused_again", std::to_string(outcome->refused)}});
  end_failures(outcome->taken);
  return std::chrono::milliseconds{0};
}

/// Nothing lies behind the cursor although leaves were given out: they are on record as lost, or as skipped. The store
/// is told that it has all up to there, else it would seem to have forgotten something.
std::chrono::milliseconds Courier::pass_hole(std::uint64_t after) {
  const std::uint64_t last = parts_.spool.last_leaf();  // Before the look: what comes later is no hole.
  const auto next = parts_.spool.read_batch(after, 1, 1);
  if (!next) {
    return failed_here("the spool cannot be read: " + next.error().message(), Reaction::kRetry);
  }
  if (next->waits_for_note) {
    return kSigning;
  }
  if (next->last_number > 0 || last <= after) {
    return std::chrono::milliseconds{0};
  }
  if (auto noted = note_holes({after + 1, last}, 0)) {
    return *noted;
  }
  // A hole may go over several epochs: each has a position of its own, and the next one's turn comes with the next
  // step.
  const std::vector<SpoolEpoch> epochs = parts_.spool.epochs();
  const auto reaches_beyond = [after](const SpoolEpoch& epoch) { return epoch.last_given > after; };
  const auto first = std::ranges::find_if(epochs, reaches_beyond);
  SpoolBatch nothing{.epoch = first == epochs.end() ? epochs.back() : *first};
  nothing.last_number = first == epochs.end() ? last : std::min(last, first->last_given);
  return send(std::move(nothing));
}

std::chrono::milliseconds Courier::send(SpoolBatch batch) {
  const AgentPosition position{.last_leaf = batch.last_number - batch.epoch.base,
                               .flushed_at = parts_.clock.utc_now(),
                               .newest_effective_at = newest_effective_at(batch.versions)};
  StoreRefusals::Offer offer = refusals_.offer(std::exchange(batch.versions, {}));
  position_.will_send(batch.last_number);
  read_ahead_of(batch.last_number);
  TWINLOG_KILL_POINT("courier.before_flush");
  const TimePoint began = parts_.clock.steady_now();
  in_store(began);
  auto outcome =
      parts_.store.flush({.epoch_id = batch.epoch.id,
                          .versions = offer.versions,
                          .position = position,
                          .is_resent = !offer.versions.empty() &&
                                       offer.versions.front().number <= parts_.spool.delivered_before(settings_.store),
                          .ledger = batch.ledger,
                          .closed = batch.closed});
  in_store(std::nullopt);
  const auto time = parts_.clock.steady_now() - began;
  if (!outcome) {
    shrink_after(outcome.error().reaction);
    refusals_.failed(outcome.error(), batch.epoch);
    return failed(outcome.error());
  }
  if (const Status passed = pass(batch.last_number, refusals_.letters(offer, *outcome)); !passed.ok()) {
    const bool is_share_used_up = passed.error().kind() == ErrorKind::kRefused;
    return is_share_used_up ? failed_here(passed.error().message(), Reaction::kHold, Whose::kOfLetters)
                            : failed_here(passed.error().message(), Reaction::kRetrySlowly);
  }
  delivered(*outcome, offer.versions.size(), time);
  if (parts_.on_delivered) {
    batch.versions = std::move(offer.versions);
    parts_.on_delivered(batch);
  }
  return std::chrono::milliseconds{0};
}

Status Courier::pass(std::uint64_t number, const std::vector<DeadLetter>& letters) {
  if (letters.empty()) {
    return parts_.spool.move_cursor(settings_.store, number);
  }
  if (Status declared = parts_.declare ? parts_.declare(settings_.store, letters) : Status(); !declared) {
    return declared;
  }
  Status kept = parts_.spool.keep_dead_letters(settings_.store, number, letters);
  if (kept.ok()) {
    tell_letters(letters);
  }
  return kept;
}

void Courier::tell_letters(const std::vector<DeadLetter>& letters) {
  const DeadLetter& first = letters.front();
  parts_.log.line(
      LogLevel::kError, "dead_letter",
      "the store refuses events for good; they are kept as dead letters, all others went in: " + first.words,
      {{"store", std::string(store_name(settings_.store))},
       {"events", std::to_string(letters.size())},
       {"first_leaf", std::to_string(first.version.number)},
       {"code", first.code},
       {"constraint", first.constraint},
       {"where", first.where}});
  const DeadLetter& newest = letters.back();
  const std::scoped_lock lock(mutex_);
  status_.dead_letters += letters.size();
  status_.last_refusal = StoreError{
      .reaction = Reaction::kPoison, .code = newest.code, .constraint = newest.constraint, .words = newest.words};
}

/// While the store works. Not after a failure: it may last, and what was read would wait with it.
void Courier::read_ahead_of(std::uint64_t after) {
  const std::uint64_t last = parts_.spool.last_leaf();
  if (status().failures_in_a_row == 0 && last > after && last - after >= batch_events_) {
    reader_.read_ahead({after, batch_events_, settings_.batch_bytes});
  }
}

void Courier::shrink_after(Reaction reaction) {
  const bool may_be_too_big = reaction == Reaction::kRetrySmaller || reaction == Reaction::kReconnectSmaller;
  if (may_be_too_big && ++refused_in_a_row_ >= kRefusalsBeforeHalving) {
    refused_in_a_row_ = 0;
    batch_events_ = std::max<std::size_t>(1, batch_events_ / 2);
  }
}

std::chrono::milliseconds Courier::delay(Reaction reaction, unsigned failures) {
  if (is_draining()) {
    return settings_.pace.backoff.first;
  }
  if (needs_an_operator(reaction)) {
    return settings_.pace.backoff.most;
  }
  // Never zero: a store that refuses at once must not make a busy loop of us.
  return std::max(std::chrono::milliseconds{1}, delay_after(settings_.pace.backoff, failures, parts_.random.next()));
}

std::uint64_t Courier::backlog() const {
  return parts_.spool.events_in({parts_.spool.cursor(settings_.store) + 1, parts_.spool.last_leaf()});
}

bool Courier::is_done() const {
  return parts_.spool.cursor(settings_.store) >= parts_.spool.last_leaf();
}

}  // namespace twinlog
