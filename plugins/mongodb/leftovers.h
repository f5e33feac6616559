// What an agent that died leaves between its records and their accounts: found by its unfinished line, and applied by
// whichever agent notices first (docs/STORES.md: what is in a store is counted there).
//
// Nobody can tell a dead agent from a slow one, so nothing here depends on it. Adopting is announced in the line before
// anything is read (adopting_leaf_index); an owner that lives reads its line before it writes, and merges what it finds
// there up to that leaf again and has it counted anew, which changes nothing where it was done already (marked_merge.h,
// invariant 2). Done a second time, so long after the first that no flush can run any more which does not know of it
// (kFlushMost of accounts.h), the line says so for good (adopted_leaf_index): from then on the marks may go.
// Silence is measured by this agent's own steady clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "plugins/mongodb/accounts.h"
#include "plugins/mongodb/position.h"

namespace twinlog::mongodb {

/// An unfinished line that did not change for this long is adopted ...
inline constexpr std::chrono::seconds kSilentBefore{10};
/// ... and, when it did not change for this long after that, once more and for good.
inline constexpr std::chrono::seconds kSilentBeforeLast = 2 * kFlushMost;
/// Lines looked at in one step, and epochs adopted in one: the work of about one flush.
inline constexpr std::size_t kLinesLookedAt = 100;

/// Who adopts.
struct Adopter {
  std::set<Uuid> own;  ///< Its own epochs, which it sends itself.
  UtcMicros now = 0;
  std::string written_by;
  std::function<void(std::chrono::milliseconds)> pause;
  RecountTime& recount_time;
};

/// Counts what a replay of dead letters may have left, by its list in the line: an adopter, or the epoch's own agent
/// before it begins anything else. How many versions were there; doing it again changes nothing.
StoreResult<std::uint64_t> apply_replay(Client& client, const Uuid& epoch_id, const AgentLine& line,
                                        const Adopter& adopter, AccountMemory& memory);

class Leftovers {
 public:
  /// Looks which epochs are unfinished and adopts at most one that has been silent. How many versions were applied on
  /// behalf of another agent.
  StoreResult<std::uint64_t> step(Client& client, const Adopter& adopter, std::chrono::steady_clock::time_point now,
                                  AccountMemory& memory);
  /// Those of these epochs whose rows up to that leaf nobody has applied and nobody can find again: their line does not
  /// list them, as agents of older versions did not. Each epoch is named once.
  StoreResult<std::vector<Uuid>> unlisted(Client& client, const std::map<Uuid, std::uint64_t>& last_leaves,
                                          AppliedEpochs& applied);

 private:
  struct Watched {
    AgentLine line;
    std::chrono::steady_clock::time_point since;
  };
  std::map<Uuid, Watched> watched_;
  std::set<Uuid> told_;
};

}  // namespace twinlog::mongodb
