// Rows of the ledger from the lines of an export. Of a row that cannot be placed at all, kInvalid says why; everything
// else that no agent writes is one of its faults.
#pragma once

#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "plugins/api/ledger_reader.h"
#include "plugins/exports/export_line.h"

namespace twinlog {

enum class VersionTable : std::uint8_t { kRecords, kConflicts };

Result<LedgerRow> version_row(const ExportLine& line, VersionTable table);
Result<LedgerAccountRow> account_row(const ExportLine& line);
Result<LedgerEpochRow> epoch_row(const ExportLine& line);
Result<LedgerTileRow> tile_row(const ExportLine& line);
Result<LedgerLeafRow> leaf_row(const ExportLine& line);
Result<LedgerCheckpointRow> checkpoint_row(const ExportLine& line);

/// Members of a row of auth_logs that no build of ours knows.
std::vector<std::string> unknown_members(const ExportLine& line);

}  // namespace twinlog
