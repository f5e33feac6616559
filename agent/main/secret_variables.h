// Secrets that came in environment variables.
#pragma once

#include <set>
#include <string>

namespace twinlog {

/// Overwrites the values of the variables with these names, so that /proc/PID/environ does not show them for as long as
/// the process lives. After the variables were copied; single-threaded.
void wipe_variables(char** environment, const std::set<std::string>& names);

}  // namespace twinlog
