// The collections of the document store (docs/STORES.md). The database is the one in the address.
#pragma once

namespace twinlog::mongodb {

inline constexpr const char* kRecords = "auth_logs";
inline constexpr const char* kConflicts = "auth_log_conflicts";
inline constexpr const char* kAccounts = "account_lockouts";
inline constexpr const char* kAgents = "twinlog_agents";
inline constexpr const char* kMeta = "twinlog_meta";
inline constexpr const char* kLedgerEpochs = "ledger_epochs";
inline constexpr const char* kLedgerTiles = "ledger_tiles";
inline constexpr const char* kLedgerLeaves = "ledger_leaves";
inline constexpr const char* kLedgerCheckpoints = "ledger_checkpoints";

}  // namespace twinlog::mongodb
