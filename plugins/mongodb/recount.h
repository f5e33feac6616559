// Counting an account's undefined failures anew, where a defining event arrived late (DECISIONS.md).
//
// Which rows count is what keeps several agents exact: a row that is visible but not yet applied to this account will
// be added by its owner, so taking it in here would count it twice. A row was applied when
//  - its leaf_index is at or below the mark of its epoch in this same account document, or
//  - that account holds no mark of its epoch (never touched, or removed as redundant) and the epoch's line says that
//  all
//    up to that leaf is applied, or that the epoch is closed.
// Should the owner apply it while we look, it writes the account, and our guarded replacement is refused.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"

namespace twinlog::mongodb {

/// An account whose merge asked for a recount; `state` holds the marks up to this flush and gets the count.
struct Recounted {
  AccountKey key;
  AccountState* state;
};

/// One read of each of the two collections for all accounts together (more where the counted failures exceed the
/// server's reply limit), and one of twinlog_agents where a row's epoch has no mark.
StoreStatus recount(Client& client, const std::vector<Recounted>& accounts);

}  // namespace twinlog::mongodb
