// Leaves of the agent's own, as they are put into a batch.
#pragma once

#include <cstdint>

#include "spool/database.h"
#include "spool/epoch_tree.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace twinlog {

struct OwnLeafPut {
  std::uint64_t number = 0;
  bool waits_for_note = false;  ///< A checkpoint is to stand over it: HEARTBEAT, CLOSE.
};

/// Makes the next leaf of the tree and puts it, its hash and its mark into the batch.
OwnLeafPut put_own_leaf(rocksdb::WriteBatch& batch, const Database& database, TreeDraft& tree, const LeafMaker& make);

}  // namespace twinlog
