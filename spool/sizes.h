// How the parts of the spool's folder and memory are sized from its settings, and what a commit may still take. Pure.
#pragma once

#include <cstdint>

#include "ledger/record/auth_event.h"
#include "spool/rocks_spool.h"

namespace twinlog {

/// Below this the database's own files would leave no room for events.
inline constexpr std::uint64_t kSmallestMaxBytes = 4U << 20U;

/// Every size follows `max_bytes`, so that what flushes and compactions write beside the events fits the reserve.
struct SpoolSizes {
  std::uint64_t write_buffer = 0;       ///< One memtable. `events` and `ids` have at most two each.
  std::uint64_t all_write_buffers = 0;  ///< All memtables together.
  std::uint64_t block_cache = 0;        ///< Cached blocks, indexes and filters.
  std::uint64_t all_logs = 0;           ///< All write-ahead logs together: what a start after a crash replays.
  std::uint64_t id_table = 0;           ///< One table file of `ids`.
  std::uint64_t id_level = 0;           ///< The first level of `ids`.
  std::uint64_t manifest = 0;           ///< Beyond this a new one is begun.
  std::uint64_t ballast = 0;            ///< What opening the database again after a full volume may need.
  std::uint64_t reserve = 0;            ///< Kept free of events: for cursors, and a flush beside a compaction of ids.
};

SpoolSizes sizes_for(const RocksSpoolSettings& settings);

/// What the folder can still take (docs/OPERATING.md). The reserve is part of the last tenth, so the rule for the four
/// base types holds from 90 % to where the reserve begins.
class Room {
 public:
  Room(std::uint64_t max_bytes, std::uint64_t reserve, std::uint64_t used)
      : max_bytes_(max_bytes), reserve_(reserve), used_(used) {}

  bool takes(EventRole role, std::uint64_t bytes) const;
  void take(std::uint64_t bytes) { used_ += bytes; }
  /// So full that delivered events are not kept for `keep_delivered`.
  bool is_short() const;
  std::uint64_t used() const { return used_; }

 private:
  std::uint64_t max_bytes_;
  std::uint64_t reserve_;
  std::uint64_t used_;
};

/// kInvalid where no spool can live by these settings.
Status check_settings(const RocksSpoolSettings& settings);

}  // namespace twinlog
