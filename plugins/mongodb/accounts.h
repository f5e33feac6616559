// The lockout mirror by compare-and-set (contract 2.4 and 6, stores.md 4b).
//
// An account document keeps per epoch the highest leaf_index applied to it: its mark. A version counts when its stored
// copy carries our acceptance and its leaf lies above our mark, so dying between any two steps, replaying and cutting
// batches anew end in the same state. A replacement is guarded by the document's version; only accounts that lost such
// a race are read and merged again.
//
// Where mark and records contradict each other (a version at or below the mark that was not in the store) the version
// is merged, which changes nothing where it was merged before, and the failures are counted anew.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"

namespace twinlog::mongodb {

/// A flush gives up (kRetry) when it lost the race for an account this many times in a row.
inline constexpr unsigned kAccountRoundsMost = 16;
/// Marks of other epochs that were not moved for this long are removed at a write: an account does not grow with the
/// number of pods that ever lived.
inline constexpr UtcMicros kMarkUnusedMost = 30LL * 24 * 3600 * 1'000'000;

struct AccountWork {
  /// The versions of this batch whose stored copy carries our acceptance, by the account they speak to.
  std::map<AccountKey, std::vector<const Version*>> versions;
  /// Those of them that were not in the store before this batch. One that lies at or below our mark all the same tells
  /// of a store that lost records but not their accounts, or of a spool that was set back: the account is counted anew.
  std::set<const Version*> inserted;
  Uuid epoch_id{};
  /// All leaves up to here were delivered to this store, accounts included: what an account without our mark (removed
  /// for age) has seen of us.
  std::uint64_t delivered_leaf = 0;
  UtcMicros now = 0;
  std::string written_by;  ///< Unique per attempt at a flush.
};

struct AccountReport {
  std::uint64_t written = 0;
  std::uint64_t recounts = 0;
};

StoreResult<AccountReport> apply_to_accounts(Client& client, const AccountWork& work);

}  // namespace twinlog::mongodb
