// What the pages tell and only the file system knows, read on a thread of its own: a disk that does not answer holds up
// that thread and no page.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/net/intake/intake_server.h"
#include "ledger/base/clock.h"
#include "ledger/base/wakeup.h"
#include "spool/spool.h"

namespace twinlog {

struct DiskReading {
  std::chrono::steady_clock::time_point at;  ///< When it was begun.
  std::uint64_t last_leaf = 0;
  std::array<std::uint64_t, kStores> cursors{};
  std::array<Backlog, kStores> backlogs;  ///< Of the stores that are turned on.
  std::array<bool, kTransports> can_be_found{true, true};
  std::string missing;  ///< As Spool::missing().
};

/// step() from one thread, latest() from any.
class DiskWatch {
 public:
  /// A reading is good for this long while nothing comes in or goes out.
  static constexpr std::chrono::milliseconds kGoodFor{1000};
  /// What a page waits for a new one, and not again until the disk has answered.
  static constexpr std::chrono::milliseconds kPatience{100};
  /// Readings take at most one part in so many of a processor, however often pages are asked for.
  static constexpr int kShare = 10;

  struct Parts {
    const Spool& spool;
    const IntakeServer& intake;
    std::vector<StoreId> stores;  ///< Those that are turned on.
    const Clock& clock;
    Wait& wait;  ///< Of the thread that steps.
  };

  /// Reads once, and so may wait for the disk.
  explicit DiskWatch(Parts parts) : parts_(std::move(parts)), reading_(read()) {}

  /// Reads anew and says how long to wait before the next step.
  std::chrono::milliseconds step();

  /// As things are, or as they were when the disk last answered: its time tells. Waits kPatience at most.
  DiskReading latest();

 private:
  DiskReading read() const;
  bool is_good(const DiskReading& reading) const;

  Parts parts_;
  std::mutex mutex_;  ///< For what follows.
  std::condition_variable answered_;
  DiskReading reading_;
  std::uint64_t asked_ = 0;
  std::uint64_t told_ = 0;  ///< The last of those questions that a reading has answered.
  bool is_silent_ = false;  ///< A page has waited in vain.
  std::chrono::steady_clock::time_point not_before_{};
};

}  // namespace twinlog
