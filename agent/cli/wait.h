// `twinlog wait --ready`: what starts beside the agent waits here until its events would be kept.
#pragma once

#include <chrono>

#include "agent/cli/agent_asking.h"
#include "agent/cli/operator_io.h"

namespace twinlog {

struct WaitOptions {
  AgentAddresses at;
  std::chrono::milliseconds most = std::chrono::minutes{1};
};

/// Asks until /readyz is 200: an agent that is not there yet is waited for, too. 0 when it is ready; 1 when the time is
/// up, the user ends it, or there is no address to ask. What is waited for is said on `err` when it begins and changes,
/// and at the end.
int run_wait(const WaitOptions& options, const OperatorIo& io);

}  // namespace twinlog
