// `twinlog spool replay`: delivers what a spool holds whose agent is gone, and takes nothing new.
#pragma once

#include <map>
#include <string>

#include "agent/observe/stderr_log.h"
#include "config/settings.h"

namespace twinlog {

/// The agent without its ways in: the spool of `settings`, its couriers, an epoch of its own in the ledger (which holds
/// no event, and closes at the end). Until both stores have everything, `drain_timeout` is over or a stop signal comes.
/// 0: nothing is left, not even a dead letter; 1: something is, or the spool cannot be opened. Nothing is made where no
/// spool is. Signals must be blocked already. Main thread.
int run_replay(Settings settings, const std::map<std::string, std::string>& environment, LeveledLog& log);

}  // namespace twinlog
