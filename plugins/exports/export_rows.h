// Rows of the ledger from the lines of an export. Of a row that cannot be placed at all, kInvalid says why; everything
// else that no agent writes is one of its faults.
#pragma once

#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "plugins/api/ledger_reader.h"
#include "plugins/exports/export_line.h"

namespace twinlog {

enum class VersionTable : std::uint8_t { kRecords, kConflicts };

Result<LedgerRow> version_row(ExportLine& line, VersionTable table);
Result<LedgerAccountRow> account_row(ExportLine& line);
Result<LedgerEpochRow> epoch_row(ExportLine& line);
Result<LedgerTileRow> tile_row(ExportLine& line);
Result<LedgerLeafRow> leaf_row(ExportLine& line);
Result<LedgerCheckpointRow> checkpoint_row(ExportLine& line);

/// Members of a row of auth_logs that no build of ours knows.
std::vector<std::string_view> unknown_members(const ExportLine& line);

}  // namespace twinlog
