// Opens the spool, which replays its logs after an unclean stop and may take minutes on a slow disk.
#pragma once

#include "agent/main/agent_parts.h"
#include "agent/main/service_manager.h"
#include "config/settings.h"
#include "spool/rocks_spool.h"

namespace twinlog {

/// What the spool is opened with.
RocksSpoolSettings rocks_settings(const Settings& settings);

/// Into `parts`. Keeps the service manager patient meanwhile. A stop that is asked for while it lasts ends the process
/// within seconds; it is then as after a crash, which the next start repairs. Main thread.
Status open_spool(AgentParts& parts, const ServiceManager& manager);

}  // namespace twinlog
