// That somebody asked for a drain (docs/OPERATING.md): `twinlog drain`, the preStop hook of a pod. Intake stays open
// and nothing stops; the time that a SIGTERM leaves for the drain counts from here while the request holds.
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

  /// What a request does beside being noted, in the thread that asks; and whether what the last one began still goes
  /// on. Neither may come back to this object.
  void attach(std::function<void()> begin, std::function<bool()> holds) {
    const std::scoped_lock lock(mutex_);
    begin_ = std::move(begin);
    holds_ = std::move(holds);
  }

  /// One that comes while another holds changes nothing.
  void request(const Clock& clock) {
    const std::scoped_lock lock(mutex_);
    if (!last_ || !holds_ || !holds_()) {
      last_ = Moment{clock.steady_now(), clock.utc_now()};
      if (begin_) {
        begin_();
      }
    }
  }

  /// Of the request that holds; nothing while none does.
  std::optional<Moment> requested_at() const {
    const std::scoped_lock lock(mutex_);
    return last_ && holds_ && holds_() ? last_ : std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Moment> last_;
  std::function<void()> begin_;
  std::function<bool()> holds_;
};

}  // namespace twinlog
