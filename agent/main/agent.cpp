#include "agent/main/agent.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "agent/main/agent_parts.h"
#include "agent/main/exit_code.h"
#include "agent/main/process_limits.h"
#include "agent/main/reloading.h"
#include "agent/main/service_manager.h"
#include "agent/main/signals.h"
#include "agent/main/starting.h"
#include "agent/main/stopping.h"

namespace twinlog {
namespace {

constexpr std::string_view kRunning = "Taking events";
constexpr std::chrono::milliseconds kLook = std::chrono::seconds{1};  // For what was refused, and lines held back.

/// Says once that the token became unreadable, and once that it can be read again.
void tell_of_token(const AgentParts& parts, std::string& told) {
  const std::string trouble = parts.intake->token_trouble();
  if (trouble.empty() == std::exchange(told, trouble).empty()) {
    return;
  }
  if (trouble.empty()) {
    parts.log.line(LogLevel::kInfo, "bearer_token_readable_again", "HTTP senders are let in again");
  } else {
    parts.log.line(LogLevel::kError, "bearer_token_unreadable",
                   "no HTTP sender can be let in; they are told to come again", {{"reason", trouble}});
  }
}

void run_until_stopped(AgentParts& parts, const ServiceManager& manager, const std::function<LoadedSettings()>& load) {
  const auto look = std::min(kLook, manager.watchdog_interval().value_or(kLook));
  std::string token_trouble;
  for (;;) {
    tell_of_token(parts, token_trouble);
    manager.feed_watchdog(parts.observed);
    const auto signal = wait_for_signal(look);
    parts.refusals.step(read_refusals(parts.intake_counters), last_refused_peer(parts.intake_counters));
    parts.log.tell_due();
    if (signal == Signal::kStop) {
      return;
    }
    if (signal == Signal::kReload) {
      manager.reloading();
      reload(parts, load());
      manager.ready(kRunning);
    }
  }
}

}  // namespace

int run_agent(const Settings& settings, const std::map<std::string, std::string>& environment, LeveledLog& log,
              const std::function<LoadedSettings()>& load) {
  const SystemClock clock;
  SummedLog summed(log, clock);
  AgentParts parts(settings, summed);
  if (const Status read = take_enrolment_key(parts); !read) {
    summed.line(LogLevel::kError, "start_failed", read.error().message());
    return kExitConfiguration;
  }
  const ProcessGifts gifts{.environment = environment, .open_files = set_process_limits()};
  const ServiceManager manager(environment, getpid());
  if (const Status started = start_parts(parts, gifts, manager); !started.ok()) {
    summed.line(LogLevel::kError, "start_failed", started.error().message());
    return 1;
  }
  manager.ready(kRunning);
  run_until_stopped(parts, manager, load);
  return stop_parts(parts, manager);
}

}  // namespace twinlog
