// Reads events of the spool back in leaf order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"
#include "spool/database.h"

namespace twinlog {

struct ReadRange {
  std::uint64_t first = 1;  ///< Nothing below was kept: reading starts here, never at what was trimmed.
  std::uint64_t last = 0;
  std::size_t most_events = 0;
  std::size_t most_bytes = 0;  ///< Of encoded versions; at least one version is read whatever its size.
};

/// Where reading above `after` starts; the greatest number has nothing above it.
constexpr std::uint64_t first_after(std::uint64_t after, std::uint64_t first_kept) {
  return std::max(after == std::numeric_limits<std::uint64_t>::max() ? after : after + 1, first_kept);
}

/// Up to the limits of `range`, in order; less where a damaged event ends the good ones. Errors: kCorrupt when the
/// first event is damaged, kTransient when it cannot be read. Callable from several threads.
Result<std::vector<Version>> read_versions(const Database& database, const ReadRange& range);

/// One, by its number; nothing where it is not there. Errors as above.
Result<std::optional<Version>> read_version(const Database& database, std::uint64_t leaf);

}  // namespace twinlog
