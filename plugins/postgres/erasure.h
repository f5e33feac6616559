// What erasing fields makes of a record with all that belongs to it (ledger/FORMAT.md), and the statements that write
// it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "plugins/postgres/record_group.h"

namespace twinlog::postgres {

/// The row of a record or conflict, as it is to be.
struct ErasedRow {
  const LedgerRow* row = nullptr;
  std::string salts;      ///< "": it has no leaf, and no salts.
  Digest content_hash{};  ///< Of a conflict.
};

struct ErasedLeaf {
  const LedgerLeafRow* row = nullptr;
  std::string salts;  ///< "": it could not be told which content it accepted.
};

/// Points into the groups. What is erased already as it should be is left out.
struct ErasurePlan {
  std::vector<ErasedRow> records;
  std::vector<ErasedRow> conflicts;
  std::vector<ErasedLeaf> leaves;
};

/// Which fields go together: with user_id or username goes account.
std::set<std::uint8_t> fields_to_erase(std::span<const std::uint8_t> asked);

ErasurePlan plan_erasure(const RecordGroups& groups, const std::set<std::uint8_t>& fields);

/// Writes it in the transaction that is open; kHold where a trigger or rule kept a row from being changed.
StoreStatus write_erasure(Connection& connection, const ErasurePlan& plan, const std::set<std::uint8_t>& fields);

}  // namespace twinlog::postgres
