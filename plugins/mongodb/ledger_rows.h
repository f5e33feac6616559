// The ledger's own collections (ledger/FORMAT.md): leaves, tiles, epochs, checkpoints. Documents are only inserted;
// what is there already is left.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "plugins/api/store.h"
#include "plugins/mongodb/client.h"
#include "plugins/mongodb/written_batch.h"

namespace twinlog::mongodb {

/// Own leaves, leaves of further acceptances, tiles: before the accounts.
StoreStatus write_leaves(Client& client, const FlushBatch& batch, const OurVersions& ours);
/// The epoch's beginning, and checkpoints: after all that they cover.
StoreStatus write_checkpoints(Client& client, const FlushBatch& batch);

StoreResult<std::vector<StoredLeaf>> read_leaves(Client& client, std::span<const LeafPlace> places);
/// With what their epochs began with.
StoreResult<std::vector<SeenCheckpoint>> read_newest_checkpoints(Client& client, std::size_t most);

}  // namespace twinlog::mongodb
