// The agent's place in this store (contract 2.7): one document of twinlog_agents per epoch.
#pragma once

#include <optional>
#include <string>

#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

struct Epoch {
  Uuid id{};
  std::string agent;
};

/// Nothing inside: the store has none for this epoch.
StoreResult<std::optional<AgentPosition>> read_position(Client& client, const Uuid& epoch_id);

/// The error of a position that is not as it was left: the store was restored or emptied behind this connection.
StoreError position_moved();

/// Moves the position forward from `expected` (nothing: there is none yet); position_moved() where it is another one.
/// last_leaf_index and newest_effective_at never go back (a replayed batch and a reply that was thought lost may arrive
/// late, and recounts rely on it).
StoreStatus write_position(Client& client, const Epoch& epoch, const AgentPosition& position,
                           std::optional<std::uint64_t> expected);

}  // namespace twinlog::mongodb
