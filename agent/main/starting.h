// Makes the parts of an agent, in order: admin port, spool, couriers, front door, intake.
#pragma once

#include <sys/resource.h>

#include <map>
#include <string>

#include "agent/main/agent_parts.h"
#include "agent/main/service_manager.h"

namespace twinlog {

/// What the process was given.
struct ProcessGifts {
  const std::map<std::string, std::string>& environment;
  rlim_t open_files;  ///< The limit of open files.
};

/// Everything runs when it returns well. An error names what could not be made; what was made by then is in `parts`.
Status start_parts(AgentParts& parts, const ProcessGifts& gifts, const ServiceManager& manager);

}  // namespace twinlog
