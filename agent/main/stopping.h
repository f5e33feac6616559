// The end of an agent (docs/OPERATING.md): no new events, deliver what waits, report what is left.
#pragma once

#include "agent/main/agent_parts.h"
#include "agent/main/service_manager.h"

namespace twinlog {

/// Stops the intake, delivers until nothing waits or the drain timeout is up or a second stop signal comes, ends every
/// thread, and reports in one line. The time counts from a drain request that still holds, where there is one. Returns
/// the exit code; does not return where a courier sits in a blocking call of its store or the disk does not answer: the
/// process ends here then. Main thread.
int stop_parts(AgentParts& parts, const ServiceManager& manager);

/// Ends the process while its spool is still being opened, when nothing else runs but the admin servers. The exit code
/// is 1 on an ephemeral volume, as nobody knows whether events lie there.
[[noreturn]] void stop_while_opening(AgentParts& parts);

}  // namespace twinlog
