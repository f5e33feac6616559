// What the writer thread does: commits what senders brought, and keeps the spool in order in between.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "agent/notary/notary.h"
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
    Notary& notary;
    const Clock& clock;
    Log& log;
    std::atomic<std::chrono::steady_clock::time_point>& tick;  ///< When it last stepped, for /livez.
  };

  explicit SpoolWriter(Parts parts) : parts_(parts) {}

  /// Commits what waits and says how long to wait before the next step.
  std::chrono::milliseconds step();

  /// Nothing is submitted any more: the ledger is closed once all that waits is committed. From any thread.
  void ask_to_close() { is_to_close_.store(true); }
  bool is_closed() const { return is_closed_.load(); }
  /// The same at once, when nobody steps it any more.
  void close_now();

 private:
  void maintain(std::chrono::steady_clock::time_point now);

  Parts parts_;
  std::atomic<bool> is_to_close_{false};
  std::atomic<bool> is_closed_{false};
  std::chrono::steady_clock::time_point maintained_at_{};
  std::string trouble_;  ///< Of the last upkeep, as the log has told it; "" when it went well.
};

}  // namespace twinlog
