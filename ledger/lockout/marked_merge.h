// Merging where no transaction ties a version to its accounts (the document store): what one writer of one epoch does
// to one account that it read, before it tries to replace it. Pure: the store's plugin and the model in tests/lockout
// call the same function.
//
// Invariants
//  1. A mark says: of the rows of that epoch that speak to the account, all up to this leaf_index that were in the
//  store
//     when it was set are merged. Without a mark the same holds up to what the epoch's line says is applied.
//  2. Whoever inserts a row below either bound later merges it and has the account counted anew: merging a version
//  twice
//     moves no register, and a count is right however often it is taken. So only a version that was surely never merged
//     (above the bound, or new to an account that did not exist, or inserted after this writer counted) is added to
//     the number.
//  3. A mark at or below what the epoch's line says is applied is redundant and may go, by whoever writes the account.
//     No clock is asked.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ledger/lockout/account_state.h"

namespace twinlog {

/// How far an epoch has got in one store, as its line in twinlog_agents says.
struct EpochLine {
  std::uint64_t delivered = 0;  ///< Its position: all leaves up to here are in the store, accounts included.
  std::uint64_t flushing = 0;   ///< A flush up to here was begun; rows above are not in the store.
  std::uint64_t adopting = 0;   ///< Another agent has begun to apply what it finds up to here.
  std::uint64_t adopted = 0;    ///< ... and has ended: what it found up to here is applied.
  std::uint64_t applied() const { return delivered > adopted ? delivered : adopted; }
};

/// A version whose stored copy carries the writer's epoch and leaf.
struct OwnVersion {
  const Version* version = nullptr;
  bool is_inserted_now = false;  ///< It was not in the store before this flush.
};

/// Who merges, and what it knows of its epoch.
struct MarkedWriter {
  Uuid epoch_id{};
  EpochLine line;
  /// Its own last write of this account held a number that was counted anew, and nobody has written the account since:
  /// what was inserted after that is surely not in it.
  bool is_counted = false;
  /// The versions are dead letters that lie below what is delivered. No mark tells whether they were merged before, so
  /// they are merged and the account is counted anew each time.
  bool is_replay = false;
  UtcMicros now = 0;  ///< Written into the mark for agents of an older version; nothing here reads it.
};

enum class MarkedMerge : std::uint8_t {
  kNothing,  ///< The account has seen all of them; `state` is as it was.
  kMerged,
  kRecount,  ///< Merged; `failures_after` must be counted anew, rows of each epoch up to its bound (invariant 1).
};

/// `exists`: the account was in the store. `versions` in leaf order, all speaking to this account.
MarkedMerge merge_marked(AccountState& state, bool exists, const std::vector<OwnVersion>& versions,
                         const MarkedWriter& writer);

/// Removes the redundant marks of other epochs (invariant 3). `applied_of` gives what is known to be applied of an
/// epoch, 0 where nothing is known; an older value is safe.
void drop_redundant_marks(AccountState& state, const Uuid& own,
                          const std::function<std::uint64_t(const Uuid&)>& applied_of);

}  // namespace twinlog
