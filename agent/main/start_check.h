// `twinlog check`: tries what the start of an agent would do, and changes nothing.
#pragma once

#include <ostream>

#include "config/settings.h"

namespace twinlog {

/// Files of secrets, the spool's folder and lock, the socket files and their folders, the ports: each on a line, with
/// what to do about a problem. What the agent of this very configuration holds, since it runs, is no problem. 1 when
/// there is one. As the user who calls it, who need not be the agent's.
int check_start(const Settings& settings, std::ostream& out);

}  // namespace twinlog
