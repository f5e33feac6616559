// A front door that answers by script on a thread of its own: fakes what a spool cannot be made to show at will (busy,
// slowness, conflicts).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/pipeline/intake.h"

namespace twinlog::testing {

class FakeIntake final : public Intake {
 public:
  FakeIntake();
  /// Answers what is still held.
  ~FakeIntake() override;

  void submit(Submission submission) override;
  const EventReader& reader() const override { return reader_; }

  /// What becomes of an event, by its log_id: "duplicate..." "conflict..." "busy..." are that, anything else is stored.
  /// With kWhole one busy event makes all busy.
  void hold();     ///< From now on submissions wait.
  void release();  ///< Those that wait are answered, and so are the next.
  /// Waits until so many events were submitted since the start.
  bool wait_for_events(std::size_t count);

  std::vector<std::string> log_ids() const;
  std::vector<std::size_t> submission_sizes() const;
  /// Of every submission.
  std::vector<Arrival> arrivals() const;

 private:
  void run();

  EventReader reader_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Submission> waiting_;
  std::vector<std::string> log_ids_;
  std::vector<std::size_t> sizes_;
  std::vector<Arrival> arrivals_;
  bool is_held_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace twinlog::testing
