// `twinlog erase` and `twinlog prune` from the command line: where the agent is.
#pragma once

#include "agent/cli/keeper_command.h"
#include "agent/main/operator_commands.h"

namespace twinlog {

/// 0, 1 or 2; 78 for a configuration with mistakes.
int run_erase_command(const ErasureWords& words, const OperatorLine& line);
int run_prune_command(const RetentionWords& words, const OperatorLine& line);

}  // namespace twinlog
