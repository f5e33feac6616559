// One row of a store as a line of its export: PostgreSQL's row_to_json, or MongoDB's canonical Extended JSON.
#pragma once

#include <string>

#include "plugins/api/ledger_reader.h"
#include "plugins/exports/export_reader.h"

namespace twinlog::testing {

std::string version_line(const LedgerRow& row, ExportDialect dialect);
std::string account_line(const LedgerAccountRow& row, ExportDialect dialect);
std::string epoch_line(const LedgerEpochRow& row, ExportDialect dialect);
std::string tile_line(const LedgerTileRow& row, ExportDialect dialect);
std::string leaf_line(const LedgerLeafRow& row, ExportDialect dialect);
std::string checkpoint_line(const LedgerCheckpointRow& row, ExportDialect dialect);

}  // namespace twinlog::testing
