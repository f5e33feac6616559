#include "agent/main/stopping.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "agent/main/signals.h"
#include "ledger/base/kill_point.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswerGrace{5000};
constexpr milliseconds kLook{20};          // How often the drain looks whether it is done.
constexpr milliseconds kStuckGrace{1000};  // What a courier in a blocking call gets after the deadline.

bool is_drained(const AgentParts& parts) {
  return std::ranges::all_of(parts.deliveries, [](const auto& delivery) { return delivery->courier.backlog() == 0; });
}

void drain(AgentParts& parts) {
  const auto deadline = parts.clock.steady_now() + parts.settings.agent.drain_timeout;
  parts.observed.phase.store(Phase::kStopping);
  parts.log.line(LogLevel::kInfo, "draining", "no new events; delivering what waits",
                 {{"waiting", std::to_string(events_left(parts))},
                  {"drain_timeout_ms", std::to_string(parts.settings.agent.drain_timeout.count())}});
  for (const auto& delivery : parts.deliveries) {
    delivery->courier.set_draining();
    delivery->wakeup.wake();
  }
  TWINLOG_KILL_POINT("agent.draining");
  parts.intake->stop(std::min(kAnswerGrace, parts.settings.agent.drain_timeout));
  while (!is_drained(parts) && parts.clock.steady_now() < deadline) {
    if (wait_for_signal(kLook) == Signal::kStop) {
      parts.log.line(LogLevel::kWarning, "drain_cut_short", "asked to stop a second time: stopping now");
      break;
    }
  }
}

void report_left(const AgentParts& parts, std::uint64_t count) {
  const std::string words = count == 0
                                ? "stopped; both stores have everything"
                                : "stopped; events are left in the spool and will be delivered by the next start";
  parts.log.tell_all();
  parts.log.line(count == 0 || !parts.is_ephemeral ? LogLevel::kInfo : LogLevel::kError, "stopped", words,
                 {{"left", std::to_string(count)}, {"spool", parts.settings.spool.path}});
  if (access("/dev/termination-log", W_OK) == 0) {
    std::ofstream("/dev/termination-log") << "twinlog: " << words << " left=" << count << "\n";
  }
}

int end(AgentParts& parts) {
  for (AdminServer* server : {parts.admin.get(), parts.admin_socket.get()}) {
    if (server != nullptr) {
      server->stop();
    }
  }
  for (const auto& delivery : parts.deliveries) {
    delivery->worker.ask_to_stop();
  }
  const auto deadline = parts.clock.steady_now() + kStuckGrace;
  const auto all_ended = [&parts] {
    return std::ranges::all_of(parts.deliveries, [](const auto& delivery) { return delivery->worker.has_ended(); });
  };
  while (!all_ended() && parts.clock.steady_now() < deadline) {
    wait_for_signal(kLook);
  }
  TWINLOG_KILL_POINT("agent.couriers_ended");
  parts.writer->stop();
  if (const Status synced = parts.spool->sync(); !synced.ok()) {
    parts.log.line(LogLevel::kError, "spool_sync_failed",
                   "the last cursors may not be on disk; events will be sent again",
                   {{"reason", synced.error().message()}});
  }
  const std::uint64_t count = events_left(parts);
  report_left(parts, count);
  const int code = count > 0 && parts.is_ephemeral ? 1 : 0;
  if (!all_ended()) {
    // A courier is still inside a blocking call of its store. Everything that matters is synced: leave without it.
    _exit(code);
  }
  return code;
}

}  // namespace

int stop_parts(AgentParts& parts) {
  drain(parts);
  return end(parts);
}

}  // namespace twinlog
