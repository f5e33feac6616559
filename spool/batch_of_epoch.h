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

/// The batch of `items`, which are not empty, are of one epoch, and lie above `after`, where the store has everything.
/// A hash of `leaves` that is lost is made again from its item where that is there. Errors: kTransient.
Result<SpoolBatch> batch_of_epoch(const Database& database, const EpochBook& book, const SpoolEpoch& epoch,
                                  std::uint64_t after, std::vector<SpoolItem> items);

}  // namespace twinlog
