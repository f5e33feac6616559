// A spool that no agent has open, read without changing anything: no file is written, made or removed, and no lock is
// taken, so that an agent can start at any time (what it then trims may be missing from what is still to be read).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "spool/spool.h"

namespace twinlog {

enum class SpoolUse : std::uint8_t { kFree, kInUse, kAbsent };

/// Whether a process has the spool in `path` open (RocksDB's lock on its LOCK file). kRefused when this user may not
/// look.
Result<SpoolUse> spool_use(const std::string& path);

Error no_spool_error(const std::string& path);
/// kRefused where there is no spool in `path`, or a process has it open, or this user may not look.
Status check_stopped(const std::string& path);

/// kRefused where the folder is another user's: what this one wrote there, the agent could not read.
Status check_owner(const std::string& path);

struct StoppedSpoolFacts {
  Uuid epoch_id{};  ///< The newest.
  std::uint32_t format = 0;
  std::uint64_t first_kept_leaf = 1;
  std::uint64_t last_leaf = 0;
  std::uint64_t own_leaves = 0;    ///< As in SpoolStats.
  std::uint64_t newest_event = 0;  ///< As Spool::newest_event() of the last leaf.
  std::array<std::uint64_t, kStores> cursors{};
  std::array<std::uint64_t, kStores> waiting{};  ///< Events above the cursor.
  std::array<std::optional<UtcMicros>, kStores> incomplete_since{};
  std::uint64_t folder_bytes = 0;
};

class StoppedSpool {
 public:
  virtual ~StoppedSpool() = default;
  virtual StoppedSpoolFacts facts() const = 0;
  /// As Spool::read().
  virtual Result<std::vector<Version>> read(std::uint64_t after, std::size_t most_events,
                                            std::size_t most_bytes) const = 0;
  /// As Spool::dead_letters().
  virtual Result<std::vector<DeadLetter>> dead_letters(StoreId store, std::uint64_t after, std::size_t most) const = 0;
};

/// kRefused: there is no spool, a process has it open, the rights are missing, or its format is newer (both are named);
/// kCorrupt; kTransient.
Result<std::unique_ptr<StoppedSpool>> open_stopped_spool(const std::string& path);

/// "7.8.3"
std::string rocksdb_version();

}  // namespace twinlog
