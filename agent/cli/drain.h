// `twinlog drain`: asks a running agent to deliver without delay (docs/OPERATING.md).
#pragma once

#include <chrono>
#include <string>

#include "agent/cli/operator_io.h"

namespace twinlog {

struct DrainOptions {
  std::string socket;
  bool waits = false;
  std::chrono::milliseconds most = std::chrono::seconds{20};
};

/// Without `waits` 0 when the agent has taken the request. With it 0 once every enabled store has all that was accepted
/// before the request (what comes in later does not count), and 1 when the time is up, with what is left and why.
int run_drain(const DrainOptions& options, const OperatorIo& io);

}  // namespace twinlog
