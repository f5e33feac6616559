#include "agent/main/agent.h"

#include "agent/main/agent_parts.h"
#include "agent/main/process_limits.h"
#include "agent/main/reloading.h"
#include "agent/main/signals.h"
#include "agent/main/starting.h"
#include "agent/main/stopping.h"

namespace twinlog {
namespace {

constexpr std::chrono::seconds kLookAtLog{5};  // For lines held back that are due.

void run_until_stopped(AgentParts& parts, const std::function<LoadedSettings()>& load) {
  for (;;) {
    const auto signal = wait_for_signal(kLookAtLog);
    parts.log.tell_due();
    if (signal == Signal::kStop) {
      return;
    }
    if (signal == Signal::kReload) {
      reload(parts, load());
    }
  }
}

}  // namespace

int run_agent(const Settings& settings, const std::map<std::string, std::string>& environment, LeveledLog& log,
              const std::function<LoadedSettings()>& load) {
  const SystemClock clock;
  SummedLog summed(log, clock);
  AgentParts parts(settings, summed);
  const ProcessGifts gifts{.environment = environment, .open_files = set_process_limits()};
  if (const Status started = start_parts(parts, gifts); !started.ok()) {
    summed.line(LogLevel::kError, "start_failed", started.error().message());
    return 1;
  }
  run_until_stopped(parts, load);
  return stop_parts(parts);
}

}  // namespace twinlog
