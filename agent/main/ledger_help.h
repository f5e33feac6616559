// What --help teaches of the commands around the ledger.
#pragma once

#include <span>

#include "agent/main/help.h"

namespace twinlog {

std::span<const CommandHelp> ledger_help();

}  // namespace twinlog
