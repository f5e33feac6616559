// What the ledger has stores keep beside records and conflicts (ledger/FORMAT.md). Plain data, from the spool to a
// store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"

namespace twinlog {

/// A leaf of an epoch.
struct LeafPlace {
  Uuid epoch_id{};
  std::uint64_t index = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the compiler's own code for ours
  auto operator<=>(const LeafPlace&) const = default;
};

/// A leaf of the agent's own (ledger/FORMAT.md), its bytes whole.
struct OwnLeaf {
  std::uint64_t index = 0;
  std::string leaf;
};

/// Leaf hashes of consecutive leaves, own ones included.
struct LedgerTile {
  std::uint64_t first_index = 0;
  std::vector<Digest> hashes = {};
  UtcMicros first_accept_at = 0;
  UtcMicros last_accept_at = 0;
};

/// A signed checkpoint over leaves that are in the store with it or before it.
struct LedgerCheckpoint {
  std::uint64_t size = 0;
  Digest root{};
  std::string note;
  UtcMicros accepted_at = 0;  ///< accept_us of its last leaf.
};

/// What begins an epoch: once, with its leaf 0.
struct EpochBeginning {
  std::string origin;
  std::string open;  ///< The OPEN leaf.
  std::string note;  ///< Of size 1, with two signatures.
};

/// What the ledger adds to a flush; nothing where its versions are from before the ledger. Inserted where absent; what
/// is there already is left as it is.
struct LedgerPart {
  std::optional<EpochBeginning> beginning;
  std::vector<LedgerTile> tiles;  ///< Over every leaf of the flush; more than one where hashes between are lost.
  std::vector<OwnLeaf> own_leaves;
  std::vector<LedgerCheckpoint> checkpoints;
  bool is_empty() const { return !beginning && tiles.empty() && own_leaves.empty() && checkpoints.empty(); }
};

}  // namespace twinlog
