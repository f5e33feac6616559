#include "tests/net/fake_intake.h"

#include <algorithm>
#include <utility>

#include "tests/net/client.h"

namespace twinlog::testing {
namespace {

EventReaderSettings reader_settings() {
  static SystemRandom random;
  EventReaderSettings settings;
  settings.random = &random;
  settings.log_id_key = std::string(32, 'k');
  return settings;
}

Disposition disposition_of(const AcceptedEvent& event) {
  const std::string& id = event.event.log_id;
  if (id.starts_with("duplicate")) {
    return Disposition::kDuplicate;
  }
  if (id.starts_with("conflict")) {
    return Disposition::kConflict;
  }
  return id.starts_with("busy") ? Disposition::kBusy : Disposition::kStored;
}

std::vector<Disposition> dispositions_of(const Submission& submission) {
  std::vector<Disposition> dispositions;
  dispositions.reserve(submission.events.size());
  for (const AcceptedEvent& event : submission.events) {
    dispositions.push_back(disposition_of(event));
  }
  const bool has_busy = std::count(dispositions.begin(), dispositions.end(), Disposition::kBusy) > 0;
  if (has_busy && submission.atomicity == Atomicity::kWhole) {
    dispositions.assign(dispositions.size(), Disposition::kBusy);
  }
  return dispositions;
}

}  // namespace

FakeIntake::FakeIntake() : reader_(reader_settings()), thread_([this] { run(); }) {}

FakeIntake::~FakeIntake() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FakeIntake::submit(Submission submission) {
  const std::lock_guard lock(mutex_);
  for (const AcceptedEvent& event : submission.events) {
    log_ids_.push_back(event.event.log_id);
  }
  sizes_.push_back(submission.events.size());
  arrivals_.push_back(submission.arrival);
  waiting_.push_back(std::move(submission));
  changed_.notify_all();
}

void FakeIntake::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || (!is_held_ && !waiting_.empty()); });
    if (waiting_.empty()) {
      return;
    }
    const Submission submission = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    submission.done(dispositions_of(submission));
    lock.lock();
  }
}

void FakeIntake::hold() {
  const std::lock_guard lock(mutex_);
  is_held_ = true;
}

void FakeIntake::release() {
  const std::lock_guard lock(mutex_);
  is_held_ = false;
  changed_.notify_all();
}

bool FakeIntake::wait_for_events(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return log_ids_.size() >= count; });
}

std::vector<std::string> FakeIntake::log_ids() const {
  const std::lock_guard lock(mutex_);
  return log_ids_;
}

std::vector<Arrival> FakeIntake::arrivals() const {
  const std::scoped_lock lock(mutex_);
  return arrivals_;
}

std::vector<std::size_t> FakeIntake::submission_sizes() const {
  const std::lock_guard lock(mutex_);
  return sizes_;
}

}  // namespace twinlog::testing
