// The front door: group commit over all senders. A plain object: submit() from any thread, step() from one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "agent/pipeline/intake.h"
#include "ledger/base/clock.h"
#include "ledger/base/histogram.h"
#include "ledger/base/log.h"
#include "ledger/base/wakeup.h"

namespace twinlog {

struct FrontDoorCounters {
  std::atomic<std::uint64_t> commits{0};        ///< Group commits that reached the disk.
  std::atomic<std::uint64_t> commit_events{0};  ///< Events in them.
  std::atomic<std::uint64_t> commit_errors{
      0};  ///< Commits that the disk refused: every event of them was answered busy.
  /// The events in `commit_events` by EventRole and by place in kChannels; the last place: without a channel.
  std::array<std::array<std::atomic<std::uint64_t>, kChannels.size() + 1>, kEventRoles> accepted{};
  /// Events in `commit_events` that occurred before the year 2000 or over a day after they came in.
  std::atomic<std::uint64_t> implausible_times{0};
  Histogram commit_sizes{kSizeBounds};       ///< Events of each of `commits`.
  Histogram commit_micros{kDurationBounds};  ///< How long each of them took.
};

/// Invariants
///  1. While one commit syncs, everything that arrives waits and goes with the next: the batch grows with the load and
///  a
///     lone sender waits for no timer.
///  2. One step commits at most kStepEvents events and kStepBytes bytes beyond its first submission.
///  3. `done` of every submission runs exactly once, also when the spool fails.
class FrontDoor final : public Intake {
 public:
  static constexpr std::size_t kStepEvents = 8192;
  static constexpr std::size_t kStepBytes = 8U << 20U;

  struct Parts {
    Spool& spool;
    const Clock& clock;
    Log& log;
    Wait& wait;                         ///< Woken at every submission.
    std::function<void()> on_accepted;  ///< Called after each commit that took something: wakes the couriers.
    /// What is to ride with the next commit (Spool::commit); empty where there is no ledger.
    std::function<Result<const LeafMaker*>()> rider = {};
  };

  FrontDoor(const EventReaderSettings& settings, Parts parts);

  void submit(Submission submission) override;
  const EventReader& reader() const override { return *reader_.load(); }
  /// Events read from now on are read by these. One thread.
  void set_reader(const EventReaderSettings& settings);

  /// Commits what waits and answers it. False when nothing waited. One thread.
  bool step();
  const FrontDoorCounters& counters() const { return counters_; }

 private:
  std::deque<Submission> take();
  using Outcome = Result<std::vector<std::vector<Disposition>>>;
  struct Commit {
    UtcMicros received_at;
    std::chrono::steady_clock::duration time;
  };
  void answer(std::deque<Submission>& batch, Outcome outcome, const Commit& commit);
  void answer_busy(std::deque<Submission>& batch, const Error& error);

  /// A session may be reading with an older one, so none goes; reloads are rare and readers small.
  std::deque<EventReader> readers_;
  std::atomic<const EventReader*> reader_;
  Parts parts_;
  std::mutex mutex_;
  std::deque<Submission> waiting_;
  FrontDoorCounters counters_;
  std::string trouble_;  ///< Why the last commit failed, as the log has told it; "" when it went well.
};

}  // namespace twinlog
