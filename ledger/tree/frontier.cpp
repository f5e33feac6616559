#include "ledger/tree/frontier.h"

#include <bit>

#include "ledger/tree/merkle.h"

namespace twinlog {

std::optional<Frontier> Frontier::from(std::uint64_t size, std::span<const Digest> hashes) {
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return std::nullopt;
  }
  Frontier frontier;
  frontier.size_ = size;
  frontier.hashes_.assign(hashes.begin(), hashes.end());
  return frontier;
}

void Frontier::append(const Digest& leaf_hash) {
  Digest hash = leaf_hash;
  // Every set bit at the low end is a complete subtree that this leaf completes a larger one with.
  for (std::uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
    hash = node_hash(hashes_.back(), hash);
    hashes_.pop_back();
  }
  hashes_.push_back(hash);
  ++size_;
}

Digest Frontier::root() const {
  if (hashes_.empty()) {
    return empty_root();
  }
  Digest root = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i > 0; --i) {
    root = node_hash(hashes_[i - 1], root);
  }
  return root;
}

}  // namespace twinlog
