// What the admin endpoint looks at: references to the running parts, and the facts that main knows.
#pragma once

#include <atomic>
#include <vector>

#include "agent/net/intake_server.h"
#include "agent/pipeline/courier.h"
#include "agent/pipeline/front_door.h"
#include "ledger/base/clock.h"
#include "spool/spool.h"

namespace twinlog {

/// How far the process is. Only main moves it, and only forwards.
enum class Phase : std::uint8_t { kStarting, kRunning, kStopping };

/// Filled by main before the phase becomes kRunning; the pointers are not read before that.
struct Observed {
  explicit Observed(const Clock& observed_clock) : clock(observed_clock) {}

  const Clock& clock;
  std::atomic<Phase> phase{Phase::kStarting};
  std::atomic<bool> ready_when_full{false};
  const Spool* spool = nullptr;
  const FrontDoor* front_door = nullptr;
  const IntakeServer* intake = nullptr;
  const IntakeCounters* intake_counters = nullptr;
  std::vector<const Courier*> couriers;
  std::atomic<std::chrono::steady_clock::time_point> writer_tick{};
};

}  // namespace twinlog
