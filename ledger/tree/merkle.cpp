#include "ledger/tree/merkle.h"

#include <array>
#include <cstring>
#include <string>

namespace twinlog {

Digest leaf_hash(std::string_view leaf) {
  thread_local std::string bytes;  // Keeps its room: a leaf is hashed for every event.
  bytes.assign(1, '\0');
  bytes.append(leaf);
  return sha256(bytes);
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 1 + 2 * sizeof(Digest)> bytes;
  bytes[0] = 1;
  std::memcpy(&bytes[1], left.data(), left.size());
  std::memcpy(&bytes[1 + left.size()], right.data(), right.size());
  return sha256(as_text(bytes));
}

Digest empty_root() {
  return sha256({});
}

}  // namespace twinlog
