// The agents' places in this store (docs/STORES.md): one document of twinlog_agents per epoch, its line.
//
//   last_leaf_index      delivered: records, conflicts and accounts of all leaves up to here
//   flushing_leaf_index  a flush up to here was begun; no row above it is in the store
//   is_unfinished        true from the begin of a flush to its end, with
//   flushing, listed_leaf_index   the record ids of its versions that speak to accounts, and the last leaf among which
//                        they are all: by them whoever comes after a dead agent finds the rows (no index of auth_logs
//                        leads to them)
//   adopting_leaf_index, adopted_leaf_index   leftovers.h
//   replay, replaying    while dead letters are offered again (is_unfinished is true then, too): a token of that try,
//   and
//                        the record ids of those that speak to accounts. Their leaves lie at or below last_leaf_index
//
//   flushed_at           when last_leaf_index was written; a line without it is one of an epoch that has not delivered
//                        anything: as good as none. (Its last_leaf_index is 0, as is that of an epoch of which the
//                        agent's first own leaf alone is here.)
//   closed_at            when all of the epoch was here
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/lockout/marked_merge.h"
#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

struct Epoch {
  Uuid id{};
  std::string agent;
};

/// What a line says; a default-made one is that of an epoch without a line.
struct AgentLine {
  bool exists = false;
  bool has_position = false;
  EpochLine leaves;
  bool is_closed = false;
  bool is_unfinished = false;
  std::uint64_t listed = 0;  ///< While it is unfinished.
  std::string replay;        ///< "" where there is none to end.
  AgentPosition position;    ///< Means something where it has one.
  std::optional<AgentPosition> delivered() const { return has_position ? std::optional(position) : std::nullopt; }
  /// Every row of the epoch that is in the store is applied to its accounts. A line of an older agent never says so: it
  /// does not tell how far a flush may have got.
  bool is_settled() const { return is_closed || (leaves.flushing > 0 && leaves.flushing == leaves.applied()); }
};

StoreResult<AgentLine> read_line(Client& client, const Uuid& epoch_id);
/// Those of these epochs that have one; in one round trip.
StoreResult<std::map<Uuid, AgentLine>> read_lines(Client& client, const std::set<Uuid>& epochs);
/// Up to `most` unfinished ones.
StoreResult<std::map<Uuid, AgentLine>> read_unfinished_lines(Client& client, std::size_t most);
/// What `flushing` and `replaying` of a line hold.
struct ListedIds {
  std::vector<std::string> flushing;
  std::vector<std::string> replaying;
};
StoreResult<ListedIds> read_listed(Client& client, const Uuid& epoch_id);

/// The error of a position that is not as it was left: the store was restored or emptied behind this connection.
StoreError position_moved();

/// Says what is about to be written, before it is; position_moved() where the position is not that of `line`. Where an
/// earlier flush that did not end has said more, that stays said.
StoreStatus begin_flush(Client& client, const Epoch& epoch, AgentLine& line, std::uint64_t last_leaf,
                        const std::vector<std::string>& record_ids);

/// As begin_flush(), for versions that lie below the position; what an unfinished flush has said stays said beside it.
/// No replay may be unfinished.
StoreStatus begin_replay(Client& client, const Epoch& epoch, AgentLine& line, const std::string& token,
                         const std::vector<std::string>& record_ids);
/// The position stays as it is; position_moved() where it is not that of `line`.
StoreStatus end_replay(Client& client, const Epoch& epoch, AgentLine& line);

/// Moves the position forward from that of `line`; position_moved() where it is another one. last_leaf_index and
/// newest_effective_at never go back (a replayed batch and a reply that was thought lost may arrive late, and recounts
/// rely on it).
StoreStatus write_position(Client& client, const Epoch& epoch, AgentLine& line, const AgentPosition& position);

/// Sets closed_at of these epochs where it is not set.
StoreStatus close_epochs(Client& client, std::span<const Uuid> epochs, UtcMicros now);

}  // namespace twinlog::mongodb
