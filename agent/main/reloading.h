// SIGHUP: what a running agent takes over from a changed configuration.
#pragma once

#include "agent/main/agent_parts.h"
#include "config/load.h"

namespace twinlog {

/// Each warning of the configuration as a line.
void log_warnings(const LoadedSettings& loaded, Log& log);

/// Takes over what can be taken over and logs what cannot. A configuration with mistakes changes nothing. Main thread.
void reload(AgentParts& parts, const LoadedSettings& loaded);

}  // namespace twinlog
