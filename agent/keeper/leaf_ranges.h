// Places of leaves as a declaration names them: in ranges, and in as many leaves as those take. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/record/ledger_part.h"

namespace twinlog {

/// In order; those that follow one another are one.
std::vector<EpochRange> ranges_of(const std::set<LeafPlace>& places);

/// Copies of `one`, an ERASE or PRUNE leaf without ranges, that name all of them, none larger than a leaf may be.
template <typename DeclaringLeaf>
std::vector<LeafContent> leaves_over(const DeclaringLeaf& one, const std::set<LeafPlace>& places) {
  std::vector<LeafContent> leaves;
  const std::vector<EpochRange> ranges = ranges_of(places);
  for (std::size_t from = 0; from < ranges.size(); from += most_ranges_of_leaf()) {
    const std::size_t to = std::min(ranges.size(), from + most_ranges_of_leaf());
    DeclaringLeaf leaf = one;
    leaf.ranges.assign(ranges.begin() + static_cast<std::ptrdiff_t>(from),
                       ranges.begin() + static_cast<std::ptrdiff_t>(to));
    leaves.emplace_back(std::move(leaf));
  }
  return leaves;
}

}  // namespace twinlog
