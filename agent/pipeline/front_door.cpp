#include "agent/pipeline/front_door.h"

#include <algorithm>
#include <utility>

#include "ledger/base/kill_point.h"

namespace twinlog {

FrontDoor::FrontDoor(const EventReaderSettings& settings, Parts parts) : parts_(std::move(parts)) {
  set_reader(settings);
}

void FrontDoor::set_reader(const EventReaderSettings& settings) {
  reader_ = &readers_.emplace_back(settings);
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
    requests.push_back({.events = submission.events, .atomicity = submission.atomicity});
  }
  answer(batch, parts_.spool.commit(requests, parts_.clock.utc_now()));
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

void FrontDoor::answer(std::deque<Submission>& batch, Result<std::vector<std::vector<Disposition>>> outcome) {
  if (!outcome) {
    answer_busy(batch, outcome.error());
    return;
  }
  if (std::exchange(is_failing_, false)) {
    parts_.log.line(LogLevel::kInfo, "spool_writable_again", "the spool takes events again");
  }
  std::uint64_t accepted = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::vector<Disposition>& dispositions = (*outcome)[i];
    accepted += static_cast<std::uint64_t>(std::ranges::count_if(dispositions, [](Disposition disposition) {
      return disposition == Disposition::kStored || disposition == Disposition::kConflict;
    }));
    TWINLOG_KILL_POINT("front_door.before_answers");
    batch[i].done(std::move(dispositions));
  }
  if (accepted > 0) {
    counters_.commits.fetch_add(1);
    counters_.commit_events.fetch_add(accepted);
    TWINLOG_KILL_POINT("front_door.after_answers");
    parts_.on_accepted();
  }
}

void FrontDoor::answer_busy(std::deque<Submission>& batch, const Error& error) {
  counters_.commit_errors.fetch_add(1);
  if (!std::exchange(is_failing_, true)) {
    parts_.log.line(LogLevel::kError, "spool_commit_failed", "the spool does not take events; senders are told busy",
                    {{"reason", error.message()}});
  }
  for (Submission& submission : batch) {
    submission.done(std::vector<Disposition>(submission.events.size(), Disposition::kBusy));
  }
}

}  // namespace twinlog
