// Numbers that lead to no event, and are on record: skipped, or lost (acknowledged or not). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spool/spool.h"
#include "spool/spool_state.h"

namespace twinlog {

/// In order, none touching another.
std::vector<LeafRange> known_holes(const SpoolPositions& positions);

/// The first number from `leaf` on that lies in none of `holes` (as known_holes() gives them).
std::uint64_t beyond_holes(const std::vector<LeafRange>& holes, std::uint64_t leaf);

/// What of `range` lies in none of `holes`, in order.
std::vector<LeafRange> outside_holes(const std::vector<LeafRange>& holes, const LeafRange& range);

/// "5-9", as it is acknowledged; several with ", " between them.
std::string range_text(const LeafRange& leaves);
std::string ranges_text(const std::vector<LeafRange>& ranges);

}  // namespace twinlog
