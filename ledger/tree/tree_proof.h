// Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4: made and checked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ledger/base/bytes.h"

namespace twinlog {

/// A tree by its size and root.
struct TreeHead {
  std::uint64_t size = 0;
  Digest root{};
  bool operator==(const TreeHead&) const = default;
};

/// That the leaf at `index` is in the tree of all `leaves`; index < leaves.size().
std::vector<Digest> inclusion_proof(std::span<const Digest> leaves, std::uint64_t index);
/// That the tree of the first `old_size` leaves is a front of the tree of all; 0 < old_size <= leaves.size().
std::vector<Digest> consistency_proof(std::span<const Digest> leaves, std::uint64_t old_size);

/// False for an index beyond the tree, and for a proof of any other length than the one that belongs to it.
bool is_included(const Digest& leaf, std::uint64_t index, const TreeHead& head, std::span<const Digest> proof);
/// False for an old tree of size 0 (nothing would be proved), and for one that is larger than the new one.
bool is_consistent(const TreeHead& old_head, const TreeHead& new_head, std::span<const Digest> proof);

/// Root of the tree of these leaves.
Digest root_of(std::span<const Digest> leaves);

}  // namespace twinlog
