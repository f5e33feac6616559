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

// Repeated errors are logged at the 1st, 2nd, 4th, 8th ... failure in a row.
bool is_power_of_two(std::uint64_t number) {
  return number != 0 && (number & (number - 1)) == 0;
}

UtcMicros newest_effective_at(const std::vector<Version>& versions) {
  return std::ranges::max_element(versions, {}, &Version::effective_at)->effective_at;
}

}  // namespace

std::chrono::milliseconds Courier::step() {
  const TimePoint now = parts_.clock.steady_now();
  last_step_.store(now);
  if (now < next_try_ && !is_draining_.load()) {
    return std::chrono::ceil<std::chrono::milliseconds>(next_try_ - now);
  }
  if (!parts_.store.is_connected()) {
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
  if (waiting >= batch_events_ || is_draining_.load()) {
    return std::nullopt;
  }
  const TimePoint now = parts_.clock.steady_now();
  if (!waiting_since_) {
    waiting_since_ = now;
  }
  const auto due = *waiting_since_ + settings_.linger;
  if (now >= due) {
    return std::nullopt;
  }
  return std::chrono::ceil<std::chrono::milliseconds>(due - now);
}

std::chrono::milliseconds Courier::connect() {
  is_in_store_.store(true);
  auto outcome = parts_.store.connect();
  is_in_store_.store(false);
  if (const auto* error = std::get_if<StoreError>(&outcome)) {
    return failed(*error);
  }
  {
    const std::scoped_lock lock(mutex_);
    status_.is_connected = true;
  }
  if (!std::exchange(is_known_connected_, true)) {
    parts_.log.line(LogLevel::kInfo, "store_connected", "connected",
                    {{"store", std::string(store_name(settings_.store))}});
  }
  TWINLOG_KILL_POINT("courier.connected");
  compare_position(std::get<std::optional<AgentPosition>>(outcome));
  compared_at_ = parts_.clock.steady_now();
  return std::chrono::milliseconds{0};
}

void Courier::compare_position(std::optional<AgentPosition> position) {
  const std::uint64_t theirs = position ? position->last_leaf : 0;
  const std::uint64_t cursor = parts_.spool.cursor(settings_.store);
  if (theirs < cursor) {
    rewind(theirs, cursor);
    return;
  }
  // Up to what was sent it is a cursor that lags: it is saved without a sync of its own, and a reply may be lost.
  const bool is_ahead = theirs > std::max(cursor, sent_up_to_);
  if (is_ahead) {
    parts_.log.line(LogLevel::kError, "store_position_ahead",
                    "the store has a higher position of this spool than the spool itself: was the spool cloned or set "
                    "back? Events go on being delivered; compare both stores",
                    {{"store", std::string(store_name(settings_.store))},
                     {"store_leaf", std::to_string(theirs)},
                     {"spool_leaf", std::to_string(cursor)}});
  }
  const std::scoped_lock lock(mutex_);
  status_.is_position_ahead = status_.is_position_ahead || is_ahead;
}

void Courier::rewind(std::uint64_t position, std::uint64_t cursor) {
  const std::uint64_t first_kept = parts_.spool.stats().first_kept_leaf;
  const bool is_incomplete = position + 1 < first_kept;
  TWINLOG_KILL_POINT("courier.before_rewind");
  const Status moved = parts_.spool.move_cursor(settings_.store, position);
  TWINLOG_KILL_POINT("courier.after_rewind");
  parts_.log.line(is_incomplete ? LogLevel::kError : LogLevel::kWarning, "store_forgot",
                  is_incomplete ? "the store lost more than the spool still has: it may be incomplete; refill it from "
                                  "the other store"
                                : "the store lost events that the spool still has; they are sent again",
                  {{"store", std::string(store_name(settings_.store))},
                   {"store_leaf", std::to_string(position)},
                   {"spool_leaf", std::to_string(cursor)},
                   {"first_kept_leaf", std::to_string(first_kept)},
                   {"rewound", moved.ok() ? "yes" : moved.error().message()}});
  const std::scoped_lock lock(mutex_);
  ++status_.rewinds;
  if (is_incomplete) {
    status_.incomplete_from_leaf = std::min(status_.incomplete_from_leaf.value_or(position + 1), position + 1);
  }
}

std::chrono::milliseconds Courier::flush(std::uint64_t after) {
  auto versions = parts_.spool.read(after, batch_events_, settings_.batch_bytes);
  if (!versions) {
    return failed({.reaction = Reaction::kRetry,
                   .code = "",
                   .constraint = "",
                   .words = "the spool cannot be read: " + versions.error().message()});
  }
  if (versions->empty()) {
    waiting_since_.reset();
    return kIdle;
  }
  const FlushBatch batch{.versions = *versions,
                         .position = {.last_leaf = versions->back().leaf_index,
                                      .flushed_at = parts_.clock.utc_now(),
                                      .newest_effective_at = newest_effective_at(*versions)}};
  sent_up_to_ = std::max(sent_up_to_, batch.position.last_leaf);
  TWINLOG_KILL_POINT("courier.before_flush");
  is_in_store_.store(true);
  auto outcome = parts_.store.flush(batch);
  is_in_store_.store(false);
  if (const auto* error = std::get_if<StoreError>(&outcome)) {
    return failed(*error);
  }
  if (const Status moved = parts_.spool.move_cursor(settings_.store, batch.position.last_leaf); !moved.ok()) {
    return failed({.reaction = Reaction::kRetrySlowly,
                   .code = "",
                   .constraint = "",
                   .words = "the cursor cannot be saved: " + moved.error().message()});
  }
  delivered(std::get<FlushReport>(outcome), versions->size());
  return std::chrono::milliseconds{0};
}

void Courier::delivered(const FlushReport& report, std::size_t events) {
  waiting_since_.reset();
  next_try_ = {};
  refused_in_a_row_ = 0;
  batch_events_ = std::min(settings_.batch_events, batch_events_ * 2);
  std::uint64_t failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    status_.inserted += report.inserted;
    status_.duplicates += report.duplicates;
    status_.conflicts += report.conflicts;
    status_.accounts += report.accounts;
    status_.recounts += report.recounts;
    status_.round_trips += report.round_trips;
    ++status_.flushes;
    failures = std::exchange(status_.failures_in_a_row, 0);
    status_.last_error.reset();
    status_.last_success_at = parts_.clock.utc_now();
  }
  if (failures > 0) {
    parts_.log.line(LogLevel::kInfo, "store_recovered", "the store takes events again",
                    {{"store", std::string(store_name(settings_.store))},
                     {"failures", std::to_string(failures)},
                     {"events", std::to_string(events)}});
  }
}

std::chrono::milliseconds Courier::failed(const StoreError& error) {
  if (error.reaction == Reaction::kReconnect) {
    parts_.store.disconnect();
  }
  if (error.reaction == Reaction::kRetrySmaller && ++refused_in_a_row_ >= kRefusalsBeforeHalving) {
    refused_in_a_row_ = 0;
    batch_events_ = std::max<std::size_t>(1, batch_events_ / 2);
  }
  std::uint64_t failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    ++status_.errors.at(static_cast<std::size_t>(error.reaction));
    failures = ++status_.failures_in_a_row;
    status_.last_error = error;
    status_.is_connected = parts_.store.is_connected();
  }
  is_known_connected_ = is_known_connected_ && parts_.store.is_connected();
  const auto wait = delay(error.reaction, static_cast<unsigned>(std::min<std::uint64_t>(failures, 64)));
  next_try_ = parts_.clock.steady_now() + wait;
  if (is_power_of_two(failures)) {
    parts_.log.line(needs_an_operator(error.reaction) ? LogLevel::kError : LogLevel::kWarning, "store_flush_failed",
                    error.words,
                    {{"store", std::string(store_name(settings_.store))},
                     {"code", error.code},
                     {"constraint", error.constraint},
                     {"reaction", std::string(reaction_text(error.reaction))},
                     {"failures", std::to_string(failures)},
                     {"next_try_ms", std::to_string(wait.count())}});
  }
  return wait;
}

std::chrono::milliseconds Courier::delay(Reaction reaction, unsigned failures) {
  if (is_draining_.load()) {
    return settings_.backoff.first;
  }
  if (needs_an_operator(reaction)) {
    return settings_.backoff.most;
  }
  // Never zero: a store that refuses at once must not make a busy loop of us.
  return std::max(std::chrono::milliseconds{1}, delay_after(settings_.backoff, failures, parts_.random.next()));
}

std::uint64_t Courier::backlog() const {
  const std::uint64_t last = parts_.spool.last_leaf();
  const std::uint64_t cursor = parts_.spool.cursor(settings_.store);
  return last > cursor ? last - cursor : 0;
}

CourierStatus Courier::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

}  // namespace twinlog
