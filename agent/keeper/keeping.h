// What erasure and retention need of the agent that carries them out, and of its stores.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/leaf/leaf.h"
#include "plugins/api/keeper.h"

namespace twinlog {

struct KeptStore {
  std::string name;  ///< For people.
  std::unique_ptr<StoreKeeper> keeper;
  GapStore side = GapStore::kPostgres;
};

/// Leaves that a store lacks and never gets, as GAP leaves say: lost with a damaged spool, or refused by it and, as no
/// dead letter of this agent waits, discarded. What another agent has of refused ones may still come.
struct GivenUp {
  std::optional<GapStore> store;  ///< Nothing: both.
  EpochRange leaves;
};

/// Each may wait for stores and disk; an Error is in words that say what to do.
struct KeeperAgent {
  /// Until every store has what this agent had taken when it was asked.
  std::function<Status()> settle;
  /// Puts the leaves into the ledger, signs a checkpoint over them, and waits until every store has it.
  std::function<Status(std::vector<LeafContent>)> declare;
  /// Keys of the dead letters that wait in the spool.
  std::function<Result<std::set<EventKey>>()> dead_letters;
  /// The spool forgets the bodies of what every store has.
  std::function<Status()> forget;
  /// What PRUNE leaves in the stores name already.
  std::function<Result<std::vector<EpochRange>>()> pruned_before;
  /// Asked after dead_letters().
  std::function<Result<std::vector<GivenUp>>()> given_up;
  /// These are about to go: whoever still looks for them leaves them alone.
  std::function<void(std::span<const EventKey>)> on_pruning;
  /// For people who look on: one line.
  std::function<void(const std::string&)> tell;
};

/// How an order that is not done by half is ended: nothing doubles.
inline constexpr const char* kOrderAgain = "; run the same command again, it goes on where it stopped";

inline Error store_failure(const KeptStore& store, const StoreError& error) {
  return {ErrorKind::kTransient,
          store.name + ": " + error.words + (error.code.empty() ? "" : " (code " + error.code + ")")};
}

}  // namespace twinlog
