// What the ledger has a store keep beside records and conflicts (ledger/FORMAT.md), as documents. Everything is
// inserted where it is absent; what lies there is left as it is. So each call may be repeated.
#pragma once

#include <span>
#include <string>

#include "ledger/record/auth_event.h"
#include "ledger/record/ledger_part.h"
#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

/// A version that is no row: its content lies in the store by another acceptance.
struct FurtherAcceptance {
  const Version* version = nullptr;
  bool is_erased = false;  ///< What lies there was erased: the key to its salts is not kept either.
};

/// `_id`: "<epoch>/<leaf index>"
std::string leaf_id(const LeafPlace& place);
/// `_id`: "<epoch>/<size>/<root in hexadecimal>"
std::string checkpoint_id(const Uuid& epoch_id, std::uint64_t size, std::string_view root);
/// `_id`: "<epoch>/<first index>/<number of leaves>"
std::string tile_id(const Uuid& epoch_id, std::uint64_t first_index, std::uint64_t leaf_count);

/// ledger_leaves: the agent's own, and further acceptances of versions that have a place in the ledger.
StoreStatus write_leaves(Client& client, const Uuid& epoch_id, std::span<const OwnLeaf> own,
                         std::span<const FurtherAcceptance> further);
StoreStatus write_tiles(Client& client, const Uuid& epoch_id, std::span<const LedgerTile> tiles);
/// ledger_epochs, then ledger_checkpoints.
StoreStatus write_epoch_and_checkpoints(Client& client, const Uuid& epoch_id, const LedgerPart& part);

}  // namespace twinlog::mongodb
