// How the commands that look at something show what they found.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "plugins/api/store.h"

namespace twinlog {

/// "part: ok: text" or "part: PROBLEM: text", a line each. Whether there was no problem.
bool print_check(std::ostream& out, const std::string& part, const std::vector<CheckLine>& lines);

}  // namespace twinlog
