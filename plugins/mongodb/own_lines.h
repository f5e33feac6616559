// This agent's lines in twinlog_agents, one for each epoch that its spool still keeps: as they were read or written
// last, and whether a write to one of them is in doubt.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plugins/mongodb/accounts.h"
#include "plugins/mongodb/leftovers.h"
#include "plugins/mongodb/position.h"

namespace twinlog::mongodb {

class OwnLines {
 public:
  explicit OwnLines(std::string agent) : agent_(std::move(agent)) {}

  /// From now on these are ours, and no others. What they say is applied goes into `applied`.
  StoreResult<std::vector<std::optional<AgentPosition>>> read(Client& client, std::span<const Uuid> epochs,
                                                              AppliedEpochs& applied);
  std::set<Uuid> epochs() const;
  const AgentLine& of(const Uuid& epoch_id) { return lines_[epoch_id].line; }

  /// Before anything else of a flush: reads the line again where a write to it failed, or where letters of an epoch are
  /// offered that nobody asked for. position_moved() where it is neither as it was nor as it would have become.
  StoreStatus settle(Client& client, const FlushBatch& batch);
  /// Says what is to come, before anything is written: that the position is as it was left (marks that this flush would
  /// move in a store that lost what lies below them would make the agent take for applied what it is about to send
  /// again).
  StoreStatus begin(Client& client, const FlushBatch& batch, const std::string& token,
                    const std::vector<std::string>& record_ids);
  StoreStatus end(Client& client, const FlushBatch& batch, AppliedEpochs& applied);
  /// What replays that did not come to their end may have written without its accounts.
  StoreStatus settle_replays(Client& client, const std::function<Adopter()>& adopter, AccountMemory& memory);

 private:
  struct Own {
    AgentLine line;
    std::optional<std::uint64_t> attempt;  ///< A write failed: it may have moved to this leaf all the same.
  };
  Epoch epoch(const Uuid& epoch_id) const { return {.id = epoch_id, .agent = agent_}; }

  std::string agent_;
  std::map<Uuid, Own> lines_;
};

}  // namespace twinlog::mongodb
