// What the ledger adds to a flush: beginning, tiles, leaves and checkpoints, and the further acceptances of what lies
// here already. Only inserted; what is there is left.
#pragma once

#include <span>
#include <vector>

#include "ledger/record/ledger_part.h"
#include "plugins/api/store.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// One statement for each kind that the part holds. In the trip of the COMMIT nobody looks at what they wrote, so a
/// statement itself fails (kWroteNothing) where a trigger or rule dropped a row.
std::vector<Statement> write_ledger(const Uuid& epoch_id, const LedgerPart& part);

/// Of versions that were not inserted in this transaction: the leaf of each whose row is not its own goes to
/// ledger_leaves, of an erased record without its key. Fails as above. After records and conflicts.
Statement write_further_acceptances(std::span<const Version* const> versions);

}  // namespace twinlog::postgres
