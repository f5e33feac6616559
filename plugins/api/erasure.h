// What erasing fields makes of a record with all that belongs to it (ledger/FORMAT.md), whatever store it lies in.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plugins/api/keeper.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

/// What erasure and retention work on.
struct RecordGroup {
  std::vector<LedgerRow> rows;         ///< The record, then its conflicts.
  std::vector<LedgerLeafRow> further;  ///< Further acceptances of either.
};
/// In the order in which every agent locks.
using RecordGroups = std::map<EventKey, RecordGroup>;

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

KeptRecord kept_record(const EventKey& key, const RecordGroup& group);

/// The versions (log_id, content_hash) by the account they spoke to.
using ErasedByAccount = std::map<AccountKey, std::set<std::pair<std::string, Digest>>>;
ErasedByAccount accounts_of_erased(const RecordGroups& groups);

/// Takes from an account's state what erased versions left there: no hash of what they said stays nor, where that went,
/// the words themselves.
void forget_erased(AccountState& state, const std::set<std::pair<std::string, Digest>>& versions,
                   const std::set<std::uint8_t>& fields);

}  // namespace twinlog
