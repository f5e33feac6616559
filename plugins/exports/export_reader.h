// Reads exports of a store: a folder with `<table>.ndjson` for each table or collection of the ledger.
#pragma once

#include <memory>
#include <string>

#include "plugins/api/ledger_reader.h"
#include "plugins/exports/export_line.h"

namespace twinlog {

/// Longer lines are an error.
inline constexpr std::size_t kMostExportLine = 64U << 20U;

/// Errors name file and line and say what is wrong with it, and quote nothing of it.
std::unique_ptr<LedgerReader> make_export_reader(ExportDialect dialect, std::string folder);

}  // namespace twinlog
