#include "spool/holes.h"

#include <algorithm>
#include <iterator>

namespace twinlog {

std::vector<LeafRange> known_holes(const SpoolPositions& positions) {
  std::vector<LeafRange> all = positions.skipped;
  std::ranges::transform(positions.acknowledged, std::back_inserter(all), &Loss::leaves);
  std::ranges::transform(positions.losses, std::back_inserter(all), &Loss::leaves);
  std::ranges::sort(all, {}, &LeafRange::first);
  std::vector<LeafRange> merged;
  for (const LeafRange& one : all) {
    if (!merged.empty() && one.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, one.last);
    } else {
      merged.push_back(one);
    }
  }
  return merged;
}

std::uint64_t beyond_holes(const std::vector<LeafRange>& holes, std::uint64_t leaf) {
  const auto after = std::ranges::upper_bound(holes, leaf, {}, &LeafRange::first);
  if (after == holes.begin()) {
    return leaf;
  }
  const LeafRange& before = *(after - 1);
  return before.last >= leaf ? before.last + 1 : leaf;
}

std::vector<LeafRange> outside_holes(const std::vector<LeafRange>& holes, const LeafRange& range) {
  std::vector<LeafRange> outside;
  std::uint64_t next = range.first;
  for (const LeafRange& hole : holes) {
    if (hole.last < next || hole.first > range.last) {
      continue;
    }
    if (hole.first > next) {
      outside.push_back({next, hole.first - 1});
    }
    next = hole.last + 1;
  }
  if (next <= range.last) {
    outside.push_back({next, range.last});
  }
  return outside;
}

std::string range_text(const LeafRange& leaves) {
  return std::to_string(leaves.first) + "-" + std::to_string(leaves.last);
}

std::string ranges_text(const std::vector<LeafRange>& ranges) {
  std::string text;
  for (const LeafRange& range : ranges) {
    text += (text.empty() ? "" : ", ") + range_text(range);
  }
  return text;
}

}  // namespace twinlog
