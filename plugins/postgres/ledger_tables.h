// The tables of the ledger as `twinlog verify` wants to find them: which columns of which type, and a session that sees
// every row of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

inline constexpr std::string_view kLedgerEpochs = "ledger_epochs";
inline constexpr std::string_view kLedgerTiles = "ledger_tiles";
inline constexpr std::string_view kLedgerLeaves = "ledger_leaves";
inline constexpr std::string_view kLedgerCheckpoints = "ledger_checkpoints";
inline constexpr std::string_view kRecords = "auth_logs";
inline constexpr std::string_view kConflicts = "auth_log_conflicts";
inline constexpr std::string_view kAccounts = "account_lockouts";

/// What a row of the table is read as: its columns in the order of ledger_row.h.
std::string ledger_columns(std::string_view table);

/// In words what stands in the way: tables or columns that are missing, of another type, or views. Nothing: all is
/// there. `unknown`: columns of records and conflicts that no build of ours makes.
struct TableFaults {
  std::vector<std::string> faults;
  std::vector<std::string> unknown;
};
StoreResult<TableFaults> table_faults(Connection& connection);

/// Opens a transaction in which every row of these tables is seen, or says what filters them (kHold). A table cannot be
/// given another policy, nor be replaced, before the transaction ends.
StoreStatus begin_unfiltered(Connection& connection, std::span<const std::string_view> tables);

}  // namespace twinlog::postgres
