#include "ledger/tree/tree_proof.h"

#include <bit>

#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"

namespace twinlog {
namespace {

/// The largest power of two below n; n > 1.
std::uint64_t split_of(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

void append_inclusion(std::span<const Digest> leaves, std::uint64_t index, std::vector<Digest>& proof) {
  if (leaves.size() <= 1) {
    return;
  }
  const std::uint64_t split = split_of(leaves.size());
  if (index < split) {
    append_inclusion(leaves.first(split), index, proof);
    proof.push_back(root_of(leaves.subspan(split)));
  } else {
    append_inclusion(leaves.subspan(split), index - split, proof);
    proof.push_back(root_of(leaves.first(split)));
  }
}

enum class Known : std::uint8_t { kYes, kNo };  // Whether the verifier has the root of the old tree already.

void append_consistency(std::span<const Digest> leaves, std::uint64_t old_size, Known known,
                        std::vector<Digest>& proof) {
  if (old_size == leaves.size()) {
    if (known == Known::kNo) {
      proof.push_back(root_of(leaves));
    }
    return;
  }
  const std::uint64_t split = split_of(leaves.size());
  if (old_size <= split) {
    append_consistency(leaves.first(split), old_size, known, proof);
    proof.push_back(root_of(leaves.subspan(split)));
  } else {
    append_consistency(leaves.subspan(split), old_size - split, Known::kNo, proof);
    proof.push_back(root_of(leaves.first(split)));
  }
}

}  // namespace

Digest root_of(std::span<const Digest> leaves) {
  Frontier frontier;
  for (const Digest& leaf : leaves) {
    frontier.append(leaf);
  }
  return frontier.root();
}

std::vector<Digest> inclusion_proof(std::span<const Digest> leaves, std::uint64_t index) {
  std::vector<Digest> proof;
  append_inclusion(leaves, index, proof);
  return proof;
}

std::vector<Digest> consistency_proof(std::span<const Digest> leaves, std::uint64_t old_size) {
  std::vector<Digest> proof;
  append_consistency(leaves, old_size, Known::kYes, proof);
  return proof;
}

bool is_included(const Digest& leaf, std::uint64_t index, const TreeHead& head, std::span<const Digest> proof) {
  if (index >= head.size) {
    return false;
  }
  std::uint64_t place = index;
  std::uint64_t last = head.size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (last == 0) {
      return false;
    }
    if ((place & 1U) != 0 || place == last) {
      hash = node_hash(sibling, hash);
      while ((place & 1U) == 0 && place != 0) {
        place >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    place >>= 1U;
    last >>= 1U;
  }
  return last == 0 && hash == head.root;
}

bool is_consistent(const TreeHead& old_head, const TreeHead& new_head, std::span<const Digest> proof) {
  if (old_head.size == 0 || old_head.size > new_head.size) {
    return false;
  }
  if (old_head.size == new_head.size) {
    return proof.empty() && old_head.root == new_head.root;
  }
  std::uint64_t place = old_head.size - 1;
  std::uint64_t last = new_head.size - 1;
  while ((place & 1U) != 0) {
    place >>= 1U;
    last >>= 1U;
  }
  // Where the old tree is complete its root is what the proof would begin with.
  const bool is_complete = std::has_single_bit(old_head.size);
  if (!is_complete && proof.empty()) {
    return false;
  }
  Digest old_root = is_complete ? old_head.root : proof.front();
  Digest new_root = old_root;
  for (const Digest& sibling : proof.subspan(is_complete ? 0 : 1)) {
    if (last == 0) {
      return false;
    }
    if ((place & 1U) != 0 || place == last) {
      old_root = node_hash(sibling, old_root);
      new_root = node_hash(sibling, new_root);
      while ((place & 1U) == 0 && place != 0) {
        place >>= 1U;
        last >>= 1U;
      }
    } else {
      new_root = node_hash(new_root, sibling);
    }
    place >>= 1U;
    last >>= 1U;
  }
  return last == 0 && old_root == old_head.root && new_root == new_head.root;
}

}  // namespace twinlog
