// Versions whose record was erased: which of them are conflicts that lie beside it.
#pragma once

#include <set>
#include <span>

#include "ledger/record/ledger_part.h"
#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"

namespace twinlog::mongodb {

/// The places of those of the versions that are stored as conflicts of their own, erased or not.
StoreResult<std::set<LeafPlace>> stored_as_conflicts(Client& client, std::span<const Version* const> versions);

}  // namespace twinlog::mongodb
