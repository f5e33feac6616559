// `twinlog reconcile` from the command line: both stores of the configuration.
#pragma once

#include "agent/cli/reconcile_command.h"
#include "agent/main/config_file.h"

namespace twinlog {

/// 0, 1 or 3; 78 for a configuration with mistakes.
int run_reconcile_command(const ReconcileOptions& options, const ConfigFile& config);

}  // namespace twinlog
