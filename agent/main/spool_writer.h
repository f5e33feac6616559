// What the writer thread does: commits what senders brought, and keeps the spool in order in between.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "agent/pipeline/front_door.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "spool/spool.h"

namespace twinlog {

/// A plain object stepped from one thread.
class SpoolWriter {
 public:
  struct Parts {
    FrontDoor& front_door;
    Spool& spool;
    const Clock& clock;
    Log& log;
    std::atomic<std::chrono::steady_clock::time_point>& tick;  ///< When it last stepped, for /livez.
  };

  explicit SpoolWriter(Parts parts) : parts_(parts) {}

  /// Commits what waits and says how long to wait before the next step.
  std::chrono::milliseconds step();

 private:
  void maintain(std::chrono::steady_clock::time_point now);

  Parts parts_;
  std::chrono::steady_clock::time_point maintained_at_{};
  std::string trouble_;  ///< Of the last upkeep, as the log has told it; "" when it went well.
};

}  // namespace twinlog
