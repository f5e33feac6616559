// `twinlog erase`, `twinlog prune`: orders given to a running agent, which alone may write what declares them.
#pragma once

#include <string>

#include "agent/cli/operator_io.h"
#include "agent/keeper/orders.h"

namespace twinlog {

/// 0: done in every store; 1: not, or not in every store, and why; 2: the words are no order. `socket`: of the agent.
int run_erase(const ErasureWords& words, const std::string& socket, const OperatorIo& io);
int run_prune(const RetentionWords& words, const std::string& socket, const OperatorIo& io);

}  // namespace twinlog
