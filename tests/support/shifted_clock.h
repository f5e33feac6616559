// A wall clock that is wrong by a fixed time.
#pragma once

#include <chrono>

#include "ledger/base/clock.h"

namespace twinlog::testing {

class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(std::chrono::microseconds ahead) : ahead_(ahead) {}
  UtcMicros utc_now() const override { return real_.utc_now() + ahead_.count(); }
  std::chrono::steady_clock::time_point steady_now() const override { return real_.steady_now(); }

 private:
  SystemClock real_;
  const std::chrono::microseconds ahead_;
};

}  // namespace twinlog::testing
