#include "spool/holes.h"

#include <algorithm>

namespace twinlog {

std::vector<LeafRange> known_holes(const SpoolPositions& positions) {
  std::vector<LeafRange> all = positions.skipped;
  all.insert(all.end(), positions.acknowledged.begin(), positions.acknowledged.end());
  for (const Loss& loss : positions.losses) {
    all.push_back(loss.leaves);
  }
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

}  // namespace twinlog
