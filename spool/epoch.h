// Epochs: runs of an agent, one Merkle tree each (ledger/FORMAT.md), as the spool knows them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// The item of the epoch with this index has the number base + index.
struct SpoolEpoch {
  Uuid id{};
  std::uint64_t base = 0;
  bool has_ledger = true;         ///< False: from before the ledger, or of a spool that no epoch was begun in.
  bool is_newest = false;         ///< The one under way, once this process has begun one.
  std::uint64_t last_number = 0;  ///< Of its last item.
  std::uint64_t last_given = 0;   ///< The last that was ever given out in it; what lies beyond last_number is lost.
};

/// The tree of the epoch under way, as of the last commit.
struct TreeState {
  Uuid epoch_id{};
  std::uint64_t size = 0;  ///< Leaves; 0: no epoch was begun.
  Digest root{};
  std::uint64_t events = 0;  ///< EVENT leaves.
  std::uint64_t tenants = 0;
  UtcMicros last_accept_at = 0;
};

/// How the epoch before this run ended, as found when the spool was opened.
struct EndedEpoch {
  Uuid id{};
  /// Nothing where hashes are damaged or gone.
  std::optional<std::uint64_t> size;
  Digest root{};
};

/// Makes the bytes of a leaf of the agent's own: `tree` is that of the leaves below it, its index is tree.size, and
/// accept_at is what its header has to say. Runs in the committing thread.
using LeafMaker = std::function<std::string(const TreeState& tree, UtcMicros accept_at)>;

/// A signed checkpoint of the epoch, kept until every store has it.
struct SavedNote {
  Uuid epoch_id{};
  std::uint64_t size = 0;
  Digest root{};
  std::string note;
  UtcMicros accepted_at = 0;
};

struct NewEpoch {
  Uuid id{};
  std::string origin;
  LeafMaker open;
  /// Makes its note of size 1 over the hash of that leaf. It is written in the same batch: an epoch that is there has
  /// its note. Of a batch that failed it must never be published.
  std::function<std::string(const Digest& root)> note;
};

}  // namespace twinlog
