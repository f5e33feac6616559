#include "agent/pipeline/front_door.h"

#include <algorithm>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

/// Accepted events of one commit: added to the counters at once, not one by one.
class AcceptedTally {
 public:
  explicit AcceptedTally(UtcMicros received_at) : received_at_(received_at) {}

  void add(const std::vector<AcceptedEvent>& events, const std::vector<Disposition>& dispositions) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (dispositions[i] == Disposition::kStored || dispositions[i] == Disposition::kConflict) {
        const AuthEvent& event = events[i].event;
        ++numbers_.at(static_cast<std::size_t>(event_role(event.event_type))).at(place_of(event.channel));
        ++all_;
        implausible_ += is_implausible_time(event.occurred_at, received_at_) ? 1U : 0U;
      }
    }
  }
  void add_to(FrontDoorCounters& counters) const {
    for (std::size_t role = 0; role < kEventRoles; ++role) {
      for (std::size_t channel = 0; channel <= kChannels.size(); ++channel) {
        if (const std::uint64_t number = numbers_.at(role).at(channel); number > 0) {
          counters.accepted.at(role).at(channel).fetch_add(number, std::memory_order_relaxed);
        }
      }
    }
    counters.implausible_times.fetch_add(implausible_, std::memory_order_relaxed);
  }
  std::uint64_t all() const { return all_; }

 private:
  static std::size_t place_of(const std::optional<std::string>& channel) {
    const auto found = channel ? std::ranges::find(kChannels, *channel) : kChannels.end();
    return static_cast<std::size_t>(found - kChannels.begin());
  }

  std::array<std::array<std::uint64_t, kChannels.size() + 1>, kEventRoles> numbers_{};
  UtcMicros received_at_;
  std::uint64_t all_ = 0;
  std::uint64_t implausible_ = 0;
};

}  // namespace

FrontDoor::FrontDoor(const EventReaderSettings& settings, Parts parts) : parts_(std::move(parts)) {
  set_reader(settings);
}

void FrontDoor::set_reader(const EventReaderSettings& settings) {
  if (readers_.empty() || settings != readers_.back().settings()) {
    reader_ = &readers_.emplace_back(settings);
  }
}

void FrontDoor::submit(Submission submission) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(submission));
  }
  parts_.wait.wake();
}

bool FrontDoor::step() {
  std::deque<Submission> batch = take();
  if (batch.empty()) {
    return false;
  }
  std::vector<CommitRequest> requests;
  requests.reserve(batch.size());
  for (const Submission& submission : batch) {
    requests.push_back({.events = submission.events, .atomicity = submission.atomicity, .arrival = submission.arrival});
  }
  const auto began = parts_.clock.steady_now();
  const UtcMicros received_at = parts_.clock.utc_now();
  const Result<const LeafMaker*> rider = parts_.rider ? parts_.rider() : Result<const LeafMaker*>(nullptr);
  Outcome outcome =
      rider ? parts_.spool.commit(requests, CommitMoment{.received_at = received_at, .rider = *rider}) : rider.error();
  answer(batch, std::move(outcome), {received_at, parts_.clock.steady_now() - began});
  return true;
}

std::deque<Submission> FrontDoor::take() {
  const std::scoped_lock lock(mutex_);
  std::deque<Submission> batch;
  std::size_t events = 0;
  std::size_t bytes = 0;
  while (!waiting_.empty() && events < kStepEvents && bytes < kStepBytes) {
    events += waiting_.front().events.size();
    for (const AcceptedEvent& event : waiting_.front().events) {
      bytes += event.canonical.size();
    }
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

void FrontDoor::answer(std::deque<Submission>& batch, Outcome outcome, const Commit& commit) {
  if (!outcome) {
    answer_busy(batch, outcome.error());
    return;
  }
  if (!std::exchange(trouble_, "").empty()) {
    parts_.log.line(LogLevel::kInfo, "spool_writable_again", "the spool takes events again");
  }
  // Counted first: who has an answer finds it in the metrics.
  AcceptedTally accepted(commit.received_at);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    accepted.add(batch[i].events, (*outcome)[i]);
  }
  if (accepted.all() > 0) {
    counters_.commits.fetch_add(1);
    counters_.commit_events.fetch_add(accepted.all());
    accepted.add_to(counters_);
    counters_.commit_sizes.observe(accepted.all());
    counters_.commit_micros.observe(micros_of(commit.time));
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TWINLOG_KILL_POINT("front_door.before_answers");
    batch[i].done(std::move((*outcome)[i]));
  }
  if (accepted.all() > 0) {
    TWINLOG_KILL_POINT("front_door.after_answers");
    parts_.on_accepted();
  }
}

void FrontDoor::answer_busy(std::deque<Submission>& batch, const Error& error) {
  counters_.commit_errors.fetch_add(1);
  if (std::exchange(trouble_, error.message()) != error.message()) {
    parts_.log.line(LogLevel::kError, "spool_commit_failed", "the spool does not take events; senders are told busy",
                    {{"reason", error.message()}});
  }
  for (Submission& submission : batch) {
    submission.done(std::vector<Disposition>(submission.events.size(), Disposition::kBusy));
  }
}

}  // namespace twinlog
