// The sidecar: builds the parts in order, runs them, and takes them down again in reverse.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "agent/observe/stderr_log.h"
#include "config/load.h"
#include "config/settings.h"

namespace twinlog {

/// Runs until SIGTERM or SIGINT. 0: everything is in order (whatever is left lies safely in the spool); 1: it could not
/// start, or events are left on an ephemeral volume. Signals must be blocked already.
/// `load` reads the configuration again, for SIGHUP.
int run_agent(const Settings& settings, const std::map<std::string, std::string>& environment, LeveledLog& log,
              const std::function<LoadedSettings()>& load);

}  // namespace twinlog
