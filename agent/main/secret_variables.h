// Secrets that came in environment variables.
#pragma once

namespace twinlog {

/// Overwrites the values of all TWINLOG_ variables that are secrets, so that /proc/PID/environ does not show them for
/// as long as the process lives. After the variables were copied; single-threaded.
void wipe_secret_variables(char** environment);

}  // namespace twinlog
