// The right edge of a growing tree: what is needed to go on and to give its root, at most one hash for each bit of the
// size.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ledger/base/bytes.h"

namespace twinlog {

class Frontier {
 public:
  Frontier() = default;
  /// `hashes`: roots of the complete subtrees, the largest first; as many as `size` has bits set, else nothing.
  static std::optional<Frontier> from(std::uint64_t size, std::span<const Digest> hashes);

  void append(const Digest& leaf_hash);
  std::uint64_t size() const { return size_; }
  /// empty_root() where there is no leaf.
  Digest root() const;
  const std::vector<Digest>& hashes() const { return hashes_; }

  bool operator==(const Frontier&) const = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> hashes_;
};

}  // namespace twinlog
