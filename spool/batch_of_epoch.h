// Puts together what a courier takes to a store at once.
#pragma once

#include <cstdint>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/epoch_book.h"
#include "spool/items.h"
#include "spool/spool.h"

namespace twinlog {

/// The batch of `items`, which are not empty and are of one epoch, with the hashes of all the leaves in `hashes`, those
/// of lost items too. A hash that is lost itself is made again from its item where that is there. Errors: kTransient
/// where an item is of another epoch.
Result<SpoolBatch> batch_of_epoch(const Database& database, const EpochBook& book, const SpoolEpoch& epoch,
                                  const LeafRange& hashes, std::vector<SpoolItem> items);

}  // namespace twinlog
