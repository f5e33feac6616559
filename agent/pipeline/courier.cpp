#include "agent/pipeline/courier.h"

#include <algorithm>
#include <utility>

#include "ledger/base/kill_point.h"

namespace twinlog {
namespace {

// After this many refusals in a row the batch is halved.
constexpr unsigned kRefusalsBeforeHalving = 3;

bool needs_an_operator(Reaction reaction) {
  return reaction == Reaction::kHold || reaction == Reaction::kPoison || reaction == Reaction::kStop ||
         reaction == Reaction::kRetrySlowly;
}

// A repeated error is logged at the 1st, 2nd, 4th, 8th ... failure in a row, another one at once.
bool is_power_of_two(std::uint64_t number) {
  return number != 0 && (number & (number - 1)) == 0;
}

UtcMicros newest_effective_at(const std::vector<Version>& versions) {
  return std::ranges::max_element(versions, {}, &Version::effective_at)->effective_at;
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
  const std::uint64_t cursor = parts_.spool.cursor(settings_.store);
  const std::uint64_t last = parts_.spool.last_leaf();
  if (last <= cursor) {
    waiting_since_.reset();
    return now - compared_at_ < settings_.probe ? kIdle : connect();
  }
  if (const auto wait = wait_for_batch(last - cursor)) {
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
  in_store(parts_.clock.steady_now());
  auto outcome = parts_.store.connect();
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
  compare_position(*outcome);
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

void Courier::in_store(std::optional<TimePoint> since) {
  last_step_.store(parts_.clock.steady_now());  // However long the store took, it was no standstill.
  is_in_store_.store(since.has_value());
  const std::scoped_lock lock(mutex_);
  status_.in_store_since = since;
}

void Courier::note_connected() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(status_.is_connected, true)) {
    status_.connected_since = parts_.clock.utc_now();
  }
  if (const auto offset = parts_.store.clock_offset()) {
    status_.clock_offset = offset;
    status_.clock_measured_at = parts_.clock.steady_now();
  }
}

void Courier::try_again_at(TimePoint time) {
  next_try_ = time;
  const std::scoped_lock lock(mutex_);
  status_.next_try_at = time;
}

void Courier::log_notes() {
  for (const CheckLine& note : parts_.store.take_notes()) {
    parts_.log.line(note.is_problem ? LogLevel::kWarning : LogLevel::kInfo, "store_note", note.text,
                    {{"store", std::string(store_name(settings_.store))}});
  }
}

void Courier::compare_position(const std::optional<AgentPosition>& position) {
  const PositionCheck::Finding found = position_.compare(position, settings_.pace.batch_events);
  const std::scoped_lock lock(mutex_);
  status_.rewinds += found == PositionCheck::Finding::kForgot ? 1 : 0;
  status_.is_position_ahead |= found == PositionCheck::Finding::kAhead;
}

std::chrono::milliseconds Courier::flush(std::uint64_t after) {
  auto versions = reader_.take({after, batch_events_, settings_.batch_bytes});
  if (!versions) {
    return failed_here("the spool cannot be read: " + versions.error().message(), Reaction::kRetry);
  }
  if (versions->empty()) {
    return pass_hole(after);
  }
  return send({.versions = *versions,
               .position = {.last_leaf = versions->back().leaf_index,
                            .flushed_at = parts_.clock.utc_now(),
                            .newest_effective_at = newest_effective_at(*versions)}});
}

/// Nothing lies behind the cursor although leaves were given out: they are on record as lost, or as skipped. The store
/// is told that it has all up to there, else it would seem to have forgotten something.
std::chrono::milliseconds Courier::pass_hole(std::uint64_t after) {
  const std::uint64_t last = parts_.spool.last_leaf();  // Before the look: what comes later is no hole.
  const auto next = parts_.spool.read(after, 1, 1);
  if (!next) {
    return failed_here("the spool cannot be read: " + next.error().message(), Reaction::kRetry);
  }
  if (!next->empty() || last <= after) {
    return std::chrono::milliseconds{0};
  }
  return send({.versions = {}, .position = {.last_leaf = last, .flushed_at = parts_.clock.utc_now()}});
}

std::chrono::milliseconds Courier::send(const FlushBatch& batch) {
  position_.will_send(batch.position.last_leaf);
  read_ahead_of(batch.position.last_leaf);
  TWINLOG_KILL_POINT("courier.before_flush");
  const TimePoint began = parts_.clock.steady_now();
  in_store(began);
  auto outcome = parts_.store.flush(batch);
  in_store(std::nullopt);
  const auto time = parts_.clock.steady_now() - began;
  if (!outcome) {
    shrink_after(outcome.error().reaction);
    return failed(outcome.error());
  }
  if (const Status moved = parts_.spool.move_cursor(settings_.store, batch.position.last_leaf); !moved.ok()) {
    return failed_here("the cursor cannot be saved: " + moved.error().message(), Reaction::kRetrySlowly);
  }
  delivered(*outcome, batch.versions.size(), time);
  return std::chrono::milliseconds{0};
}

/// While the store works. Not after a failure: it may last, and what was read would wait with it.
void Courier::read_ahead_of(std::uint64_t after) {
  const std::uint64_t last = parts_.spool.last_leaf();
  if (status().failures_in_a_row == 0 && last > after && last - after >= batch_events_) {
    reader_.read_ahead({after, batch_events_, settings_.batch_bytes});
  }
}

void Courier::delivered(const FlushReport& report, std::size_t events, std::chrono::steady_clock::duration time) {
  flush_sizes_.observe(events);
  flush_micros_.observe(micros_of(time));
  waiting_since_.reset();
  next_try_ = {};
  refused_in_a_row_ = 0;
  batch_events_ = std::min(settings_.pace.batch_events, batch_events_ * 2);
  {
    const std::scoped_lock lock(mutex_);
    status_.inserted += report.inserted;
    status_.duplicates += report.duplicates;
    status_.conflicts += report.conflicts;
    status_.accounts += report.accounts;
    status_.recounts += report.recounts;
    status_.round_trips += report.round_trips;
    ++status_.flushes;
    status_.last_success_at = parts_.clock.utc_now();
  }
  parts_.log.line(LogLevel::kDebug, "store_flushed", "the store took a batch",
                  {{"store", std::string(store_name(settings_.store))},
                   {"events", std::to_string(events)},
                   {"inserted", std::to_string(report.inserted)},
                   {"duplicates", std::to_string(report.duplicates)},
                   {"conflicts", std::to_string(report.conflicts)},
                   {"accounts", std::to_string(report.accounts)},
                   {"round_trips", std::to_string(report.round_trips)},
                   {"took_us", std::to_string(micros_of(time))}});
  end_failures(events);
}

/// The row of failures is over: the store took a batch, or it lets us in and nothing waits.
void Courier::end_failures(std::size_t events) {
  std::uint64_t failures = 0;
  UtcMicros since = 0;
  {
    const std::scoped_lock lock(mutex_);
    failures = std::exchange(status_.failures_in_a_row, 0);
    since = status_.first_failure_at;
    status_.last_error.reset();
    status_.next_try_at.reset();
  }
  if (failures > 0) {
    parts_.log.line(LogLevel::kInfo, "store_recovered", "the store takes events again",
                    {{"store", std::string(store_name(settings_.store))},
                     {"failures", std::to_string(failures)},
                     {"failed_since", utc_text(since)},
                     {"events", std::to_string(events)}});
  }
}

void Courier::shrink_after(Reaction reaction) {
  const bool may_be_too_big = reaction == Reaction::kRetrySmaller || reaction == Reaction::kReconnectSmaller;
  if (may_be_too_big && ++refused_in_a_row_ >= kRefusalsBeforeHalving) {
    refused_in_a_row_ = 0;
    batch_events_ = std::max<std::size_t>(1, batch_events_ / 2);
  }
}

std::chrono::milliseconds Courier::failed_here(std::string words, Reaction reaction) {
  return failed({.reaction = reaction, .code = "", .constraint = "", .words = std::move(words)}, Whose::kOfSpool);
}

std::chrono::milliseconds Courier::failed(const StoreError& error, Whose whose) {
  reader_.forget();
  if (needs_a_new_session(error.reaction)) {
    parts_.store.disconnect();
  }
  std::uint64_t failures = 0;
  bool is_other = false;
  {
    const std::scoped_lock lock(mutex_);
    is_other =
        !status_.last_error || status_.last_error->words != error.words || status_.last_error->code != error.code;
    ++status_.errors.at(static_cast<std::size_t>(error.reaction));
    failures = ++status_.failures_in_a_row;
    status_.last_error = error;
    status_.is_error_ours = whose == Whose::kOfSpool;
    status_.last_failure_at = parts_.clock.utc_now();
    status_.first_failure_at = failures == 1 ? status_.last_failure_at : status_.first_failure_at;
    status_.is_connected = parts_.store.is_connected();
    status_.connected_since = status_.is_connected ? status_.connected_since : std::nullopt;
  }
  const auto wait = delay(error.reaction, static_cast<unsigned>(std::min<std::uint64_t>(failures, 64)));
  try_again_at(parts_.clock.steady_now() + wait);
  if (is_other || is_power_of_two(failures)) {
    parts_.log.line(needs_an_operator(error.reaction) ? LogLevel::kError : LogLevel::kWarning, "store_flush_failed",
                    error.words,
                    {{"store", std::string(store_name(settings_.store))},
                     {"code", error.code},
                     {"constraint", error.constraint},
                     {"reaction", std::string(reaction_text(error.reaction))},
                     {"where", whose == Whose::kOfSpool ? "spool" : std::string(stage_text(error.where))},
                     {"failures", std::to_string(failures)},
                     {"next_try_ms", std::to_string(wait.count())}});
  }
  return wait;
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
  const std::uint64_t last = parts_.spool.last_leaf();
  const std::uint64_t cursor = parts_.spool.cursor(settings_.store);
  return last > cursor ? last - cursor : 0;
}

CourierStatus Courier::status() const {
  CourierStatus status;
  {
    const std::scoped_lock lock(mutex_);
    status = status_;
  }
  status.is_draining = is_draining();
  return status;
}

}  // namespace twinlog
