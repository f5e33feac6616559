// `twinlog epoch retire` from the command line: keys, stores and the logins that may do it.
#pragma once

#include "agent/cli/retire_command.h"
#include "agent/main/config_file.h"

namespace twinlog {

/// 0, 1 or 2; 78 for a configuration with mistakes.
int run_retire_command(const RetireOptions& options, const ConfigFile& config);

}  // namespace twinlog
