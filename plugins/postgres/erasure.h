// What erasing fields makes of a record with all that belongs to it (ledger/FORMAT.md), and the statements that write
// it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "plugins/postgres/record_group.h"

namespace twinlog::postgres {

/// Writes it in the transaction that is open; kHold where a trigger or rule kept a row from being changed.
StoreStatus write_erasure(Connection& connection, const ErasurePlan& plan, const std::set<std::uint8_t>& fields);

}  // namespace twinlog::postgres
