// The first part of a flush: a batch's versions in records and conflicts, and what of them is ours to count.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/ledger_rows.h"
#include "plugins/mongodb/versions.h"

namespace twinlog::mongodb {

/// The versions whose stored copy carries our acceptance.
struct OurVersions {
  std::vector<const Version*> all;
  std::set<const Version*> inserted;        ///< Those that were not there before this flush.
  std::map<Uuid, std::uint64_t> of_others;  ///< What others stored of the rest: the last leaf of each epoch.
  std::vector<FurtherAcceptance> further;   ///< The rest: no rows, but leaves.
};

/// Writes all but those that are refused into the store, tells so in the report, and fills `ours`. A conflict whose
/// record can not be marked is refused and ours.
StoreStatus write_batch(Client& client, const FlushBatch& batch, FlushReport& report, OurVersions& ours);

}  // namespace twinlog::mongodb
