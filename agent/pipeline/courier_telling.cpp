// What a courier tells: its status, and the log.
#include <algorithm>
#include <utility>

#include "agent/pipeline/courier.h"

namespace twinlog {
namespace {

// A repeated error is logged at the 1st, 2nd, 4th, 8th ... failure in a row, another one at once.
bool is_power_of_two(std::uint64_t number) {
  return number != 0 && (number & (number - 1)) == 0;
}

}  // namespace

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

void Courier::delivered(const FlushReport& report, std::size_t events, std::chrono::steady_clock::duration time) {
  if (events > 0) {
    flush_sizes_.observe(events);
  }
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
    status_.is_held_by_letters = false;
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

std::chrono::milliseconds Courier::failed_here(std::string words, Reaction reaction, Whose whose) {
  return failed({.reaction = reaction, .code = "", .constraint = "", .words = std::move(words)}, whose);
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
    status_.is_error_ours = whose != Whose::kOfStore;
    status_.is_held_by_letters = whose == Whose::kOfLetters;
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
                     {"where", whose == Whose::kOfStore ? std::string(stage_text(error.where)) : "spool"},
                     {"failures", std::to_string(failures)},
                     {"next_try_ms", std::to_string(wait.count())}});
  }
  return wait;
}

CourierStatus Courier::status() const {
  CourierStatus status;
  {
    const std::scoped_lock lock(mutex_);
    status = status_;
  }
  status.is_draining = is_draining();
  status.replay = replay_order_.tally();
  return status;
}

}  // namespace twinlog
