// That somebody asked for a drain (docs/OPERATING.md): `twinlog drain`, the preStop hook of a pod. Intake stays open
// and nothing stops; the time that a later SIGTERM leaves for the drain counts from here.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "ledger/base/clock.h"

namespace twinlog {

/// Callable from every thread.
class DrainRequest {
 public:
  struct Moment {
    std::chrono::steady_clock::time_point steady;
    UtcMicros utc = 0;
  };

  /// What the first request does beside being noted: tells the couriers. Called in the thread that asks, once.
  void on_first(std::function<void()> action) {
    const std::scoped_lock lock(mutex_);
    action_ = std::move(action);
  }

  /// Notes the first request; later ones change nothing. The moment of the first.
  Moment request(const Clock& clock) {
    std::function<void()> action;
    Moment first;
    {
      const std::scoped_lock lock(mutex_);
      if (!first_) {
        first_ = Moment{clock.steady_now(), clock.utc_now()};
        action = action_;
      }
      first = *first_;
    }
    if (action) {
      action();
    }
    return first;
  }

  /// Nothing while nobody has asked.
  std::optional<Moment> requested_at() const {
    const std::scoped_lock lock(mutex_);
    return first_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Moment> first_;
  std::function<void()> action_;
};

}  // namespace twinlog
