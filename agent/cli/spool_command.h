// `twinlog spool status` and `twinlog spool export`, of a running agent or of a stopped spool.
#pragma once

#include <optional>
#include <string>

#include "agent/cli/operator_io.h"
#include "agent/cli/spool_source.h"

namespace twinlog {

struct SpoolStatusOptions {
  SpoolPlaces at;
  bool is_json = false;
};

struct SpoolExportOptions {
  SpoolPlaces at;
  bool only_waiting = false;  ///< What not every enabled store has.
  VersionMembers members = VersionMembers::kAll;
};

/// 0, or 1 when no spool could be looked at.
int run_spool_status(const SpoolStatusOptions& options, const OperatorIo& io);

/// Writes NDJSON in the order of acceptance: what is there when it begins; 1 when it could not be written to the end.
int run_spool_export(const SpoolExportOptions& options, const OperatorIo& io);

/// Several lines for people. Pure.
std::string spool_status_text(const SpoolPage& page, bool is_running);

}  // namespace twinlog
