// How much room a spool has: its own limit, the volume's, and the ballast between the two.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "spool/database.h"
#include "spool/fill_rate.h"
#include "spool/sizes.h"
#include "spool/spool.h"
#include "spool/spool_errors.h"
#include "spool/volume.h"

namespace twinlog {

/// Threads: room(), wrote(), tell() and ballast() from any; the rest from one at a time.
class SpaceKeeper {
 public:
  SpaceKeeper(const DatabaseSetup& setup, std::uint64_t max_bytes);

  /// What may be taken now. Tables on their way in or out may take the reserve, and no more. Without ballast the volume
  /// is, or just was, full: what room there is belongs to what is already here.
  Room room() const;
  void wrote(std::uint64_t bytes);
  void tell(SpoolStats& stats) const;

  /// What the volume would still give, for tell().
  void look_at_volume();
  Status measure(const Database& database, std::chrono::steady_clock::time_point now);
  /// The room that the first write of a run takes, whatever it holds, says nothing of how fast the spool fills.
  void forget_rate() { fill_rate_.forget(); }
  void take_ballast(std::chrono::steady_clock::time_point now);
  /// Why there is no ballast; ok where there is.
  Status ballast() const { return no_ballast_.status(); }
  /// Makes room for opening `database` again, with the ballast gone if need be; false where the volume has none.
  bool make_room_to_reopen(const Database& database);

 private:
  const SpoolSizes sizes_;
  const std::uint64_t max_bytes_;
  Volume volume_;
  std::atomic<std::uint64_t> disk_bytes_ = 0;
  std::atomic<std::uint64_t> settled_bytes_ = 0;  ///< Without tables on their way in or out.
  std::atomic<std::uint64_t> limit_;              ///< `max_bytes`, or what the volume can give where that is less.
  std::atomic<std::int64_t> full_in_seconds_;
  std::atomic<std::int64_t> free_bytes_;
  std::atomic<std::uint64_t> damaged_copies_ = 0;
  std::atomic<std::uint64_t> damaged_bytes_ = 0;
  FillRate fill_rate_;
  Trouble no_ballast_;
};

}  // namespace twinlog
