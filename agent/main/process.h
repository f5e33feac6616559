// What the process sets up about itself before it does anything else.
#pragma once

namespace twinlog {

/// No core, and nothing that another process of the same user could read out of memory; as many open files as allowed.
void set_process_limits();

/// Overwrites the values of all TWINLOG_ variables that are secrets, so that /proc/PID/environ does not show them for
/// as long as the process lives. After the variables were copied; single-threaded.
void wipe_secret_variables(char** environment);

}  // namespace twinlog
