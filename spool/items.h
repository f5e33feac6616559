// What lies under the numbers of `events`: events, and leaves of the agent's own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"
#include "spool/database.h"

namespace twinlog {

struct SpoolItem {
  std::uint64_t number = 0;
  std::optional<Version> version;  ///< Nothing: it is a leaf of the agent's own.
  std::string own_leaf;
  UtcMicros received_at = 0;
};

/// kCorrupt where the value is no item, or not that of this number.
Result<SpoolItem> item_from(std::optional<std::uint64_t> number, std::string_view value, const std::string& path);

struct ReadRange {
  std::uint64_t first = 1;  ///< Nothing below was kept: reading starts here, never at what was trimmed.
  std::uint64_t last = 0;
  std::size_t most_events = 0;  ///< Items.
  std::size_t most_bytes = 0;   ///< Of encoded items; at least one is read whatever its size.
};

/// Where reading above `after` starts; the greatest number has nothing above it.
constexpr std::uint64_t first_after(std::uint64_t after, std::uint64_t first_kept) {
  return std::max(after == std::numeric_limits<std::uint64_t>::max() ? after : after + 1, first_kept);
}

/// Up to the limits of `range`, in order; less where a damaged item ends the good ones. Errors: kCorrupt when the
/// first item is damaged, kTransient when it cannot be read. Callable from several threads.
Result<std::vector<SpoolItem>> read_items(const Database& database, const ReadRange& range);

/// One, by its number; nothing where it is not there. Errors as above.
Result<std::optional<SpoolItem>> read_item(const Database& database, std::uint64_t number);

/// The events alone, as read_items(): own leaves are passed over and count for nothing.
Result<std::vector<Version>> read_versions(const Database& database, const ReadRange& range);

}  // namespace twinlog
