// The Merkle tree of RFC 9162, section 2.1: hashes of leaves and nodes.
#pragma once

#include <cstdint>
#include <string_view>

#include "ledger/base/bytes.h"

namespace twinlog {

/// SHA-256(00 || leaf).
Digest leaf_hash(std::string_view leaf);
/// SHA-256(01 || left || right).
Digest node_hash(const Digest& left, const Digest& right);
/// Of the tree without a leaf: SHA-256 of nothing.
Digest empty_root();

}  // namespace twinlog
