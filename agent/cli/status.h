// `twinlog status`: the health page of a running agent, for people.
#pragma once

#include <string>

#include "agent/cli/agent_asking.h"
#include "agent/cli/operator_io.h"

namespace twinlog {

struct StatusOptions {
  AgentAddresses at;
  std::string note;      ///< How the addresses were found, where that is worth a word.
  bool is_json = false;  ///< The page as it came.
  bool watches = false;  ///< Again every two seconds, until the user ends it.
};

inline constexpr int kExitNoAgent = 3;

/// 0: the agent is well. 1: it is degraded or failing. kExitNoAgent: none answers, and one line says what was tried.
int run_status(const StatusOptions& options, const OperatorIo& io);

}  // namespace twinlog
