// When the next heartbeat with its checkpoint is due. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace twinlog {

struct SchedulePace {
  std::chrono::milliseconds checkpoint_every = std::chrono::seconds{10};
  std::chrono::milliseconds idle_every = std::chrono::minutes{5};
  std::uint64_t most_leaves = 4096;  ///< That no checkpoint covers.
};

class Schedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Schedule(SchedulePace pace) : pace_(pace) {}

  /// An epoch was begun: the first heartbeat comes `checkpoint_every` later.
  void began(TimePoint now) {
    covered_ = 1;
    size_ = 1;
    covered_at_ = now;
    uncovered_since_ = now;
    not_before_ = {};
  }
  /// The tree has grown to this.
  void grown_to(std::uint64_t size, TimePoint now) {
    if (size > covered_ && !uncovered_since_) {
      uncovered_since_ = now;
    }
    size_ = size;
  }
  /// A checkpoint of this size was signed.
  void signed_at(std::uint64_t size, TimePoint now) {
    covered_ = size;
    size_ = size;
    covered_at_ = now;
    uncovered_since_.reset();
  }

  /// What was due could not be done: not again for a while.
  void put_off(TimePoint now) { not_before_ = now + pace_.checkpoint_every; }

  TimePoint due_at() const {
    const TimePoint idle = covered_at_ + pace_.idle_every;
    const TimePoint due = uncovered_since_ ? std::min(idle, *uncovered_since_ + pace_.checkpoint_every) : idle;
    return std::max(due, not_before_);
  }
  bool is_due(TimePoint now) const {
    return now >= not_before_ && (size_ >= covered_ + pace_.most_leaves || now >= due_at());
  }
  std::uint64_t covered() const { return covered_; }

 private:
  SchedulePace pace_;
  std::uint64_t covered_ = 0;
  std::uint64_t size_ = 0;
  TimePoint covered_at_{};
  TimePoint not_before_{};
  std::optional<TimePoint> uncovered_since_;  ///< Since when leaves lie behind the last checkpoint.
};

}  // namespace twinlog
