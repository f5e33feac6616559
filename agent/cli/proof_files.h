// Puts new files beside each other: each whole and on disk under its name, or none of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/cli/prove_command.h"
#include "ledger/base/result.h"

namespace twinlog {

/// Paths and what goes there; mode 0600, as they may show what an event says. kRefused names the file.
Status write_files(const std::vector<std::pair<std::string, std::string>>& files, Existing existing);

}  // namespace twinlog
