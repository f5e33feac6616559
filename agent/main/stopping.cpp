#include "agent/main/stopping.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "agent/main/signals.h"
#include "ledger/base/kill_point.h"
#include "ledger/base/thread_name.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr milliseconds kAnswerGrace{5000};
constexpr milliseconds kLook{20};          // How often the drain looks whether it is done.
constexpr milliseconds kIntakeEnd{1000};   // What the intake gets after its own grace.
constexpr milliseconds kStuckGrace{1000};  // What a courier in a blocking call gets after the deadline.
constexpr milliseconds kDiskGrace{5000};   // What the disk gets for the last commit and the last sync.
constexpr milliseconds kAskedAgain{
    1500};  // What is left of it after one more signal: an admin server's grace and a sync.
constexpr milliseconds kClosingTime{5000};  // Of the drain's end: the ledger is closed, whatever a store is still at.
constexpr milliseconds kTellEvery{1000};    // How often the service manager hears that the drain goes on.
constexpr milliseconds kTellFor{15'000};    // What each time is asked for: longer than all the graces above together.

/// Every store has everything, the leaf that closes the ledger included.
bool is_drained(const AgentParts& parts) {
  return parts.spool_writer->is_closed() &&
         std::ranges::all_of(parts.deliveries, [](const auto& delivery) { return delivery->courier.is_done(); });
}

/// Every store has all events, or could not be reached since. Only then the ledger is closed: what a store refuses is
/// declared by a leaf, and none can follow the one that closes. That one still goes to the stores that are there.
bool is_quiet(const AgentParts& parts, UtcMicros since) {
  return std::ranges::all_of(parts.deliveries, [since](const auto& delivery) {
    const CourierStatus status = delivery->courier.status();
    const bool is_away = status.failures_in_a_row > 0 && !status.is_error_ours && status.last_failure_at >= since;
    return is_away || delivery->courier.backlog() == 0;
  });
}

/// Keeps a service manager from losing its patience while a drain goes on.
class Teller {
 public:
  Teller(const AgentParts& parts, const ServiceManager& manager) : parts_(parts), manager_(manager) {}

  void tell() {
    const auto now = parts_.clock.steady_now();
    if (now >= next_) {
      next_ = now + kTellEvery;
      manager_.extend_timeout(kTellFor, "Draining: " + std::to_string(events_left(parts_)) + " events wait");
      manager_.feed_watchdog(parts_.observed);
    }
  }

 private:
  const AgentParts& parts_;
  const ServiceManager& manager_;
  TimePoint next_{};
};

/// When the drain ends at the latest: a request that was made long ago, and met, leaves it its whole time.
TimePoint drain_deadline(const AgentParts& parts, TimePoint now) {
  const auto request = parts.drain_request.requested_at();
  return (request ? request->steady : now) + parts.settings.agent.drain_timeout;
}

void drain(AgentParts& parts, const ServiceManager& manager) {
  const UtcMicros drain_began = parts.clock.utc_now();  // Before the couriers try at once: a failure of that counts.
  const auto began = parts.clock.steady_now();
  const auto deadline = drain_deadline(parts, began);
  parts.observed.phase.store(Phase::kStopping);
  const auto rest = std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(deadline - began));
  parts.log.line(LogLevel::kInfo, "draining", "no new events; delivering what waits",
                 {{"waiting", std::to_string(events_left(parts))},
                  {"drain_timeout_ms", std::to_string(parts.settings.agent.drain_timeout.count())},
                  {"rest_ms", std::to_string(rest.count())}});
  manager.stopping("Draining");
  for (const auto& delivery : parts.deliveries) {
    delivery->courier.drain({});
    delivery->wakeup.wake();
  }
  TWINLOG_KILL_POINT("agent.draining");
  const auto closing_time = deadline - std::min(kClosingTime, rest / 2);
  const auto grace = std::min(kAnswerGrace, parts.settings.agent.drain_timeout);
  parts.intake->ask_to_stop(grace);
  const auto intake_deadline = parts.clock.steady_now() + grace + kIntakeEnd;
  const auto is_waited_for = [&parts, deadline, intake_deadline] {
    const auto now = parts.clock.steady_now();
    return (!parts.intake->has_stopped() && now < intake_deadline) || (!is_drained(parts) && now < deadline);
  };
  Teller teller(parts, manager);
  // What is still being answered adds to what waits: the intake comes first.
  while (is_waited_for()) {
    teller.tell();
    if (parts.intake->has_stopped() && (is_quiet(parts, drain_began) || parts.clock.steady_now() >= closing_time)) {
      parts.spool_writer->ask_to_close();
      parts.writer_wakeup.wake();
    }
    if (wait_for_signal(kLook) == Signal::kStop) {
      parts.log.line(LogLevel::kWarning, "drain_cut_short", "asked to stop a second time: stopping now");
      break;
    }
  }
  parts.intake->ask_to_stop(milliseconds{0});
}

struct LastWords {
  std::string words;
  std::string left;         ///< How many events.
  bool is_at_risk = false;  ///< They go with the volume.
};

/// The last line of the process, and what Kubernetes shows of it.
void report(AgentParts& parts, const LastWords& last) {
  parts.refusals.step(read_refusals(parts.intake_counters), last_refused_peer(parts.intake_counters));
  parts.refusals.tell_all();
  parts.log.tell_all();
  parts.log.line(last.is_at_risk ? LogLevel::kError : LogLevel::kInfo, "stopped", last.words,
                 {{"left", last.left}, {"spool", parts.settings.spool.path}});
  if (access("/dev/termination-log", W_OK) == 0) {
    std::ofstream("/dev/termination-log") << "twinlog: " << last.words << " left=" << last.left << "\n";
  }
}

void report_left(AgentParts& parts, std::uint64_t count) {
  const std::string words =
      count == 0 ? "stopped; both stores have everything"
      : parts.is_ephemeral
          ? "stopped; events are left in the spool, on a volume that goes with the pod: save it, or they are lost"
          : "stopped; events are left in the spool and will be delivered by the next start";
  report(parts, {.words = words, .left = std::to_string(count), .is_at_risk = count > 0 && parts.is_ephemeral});
}

/// Until the condition holds, for `grace` at most, and after one more stop signal for `asked_again`. Whether it holds.
bool wait_for(const AgentParts& parts, const std::function<bool()>& condition, milliseconds grace,
              milliseconds asked_again) {
  auto deadline = parts.clock.steady_now() + grace;
  while (!condition() && parts.clock.steady_now() < deadline) {
    if (wait_for_signal(kLook) == Signal::kStop) {
      deadline = std::min(deadline, parts.clock.steady_now() + asked_again);
    }
  }
  return condition();
}

void stop_admin(AgentParts& parts) {
  for (AdminServer* server : {parts.admin.get(), parts.admin_socket.get()}) {
    if (server != nullptr) {
      server->stop();
    }
  }
}

/// Ends what uses the disk; each of them may sit in a call that the disk does not answer.
void close_spool(AgentParts& parts) {
  parts.intake->stop(milliseconds{0});  // Its socket's file.
  stop_admin(parts);
  parts.disk_watcher->stop();
  parts.writer->stop();
  parts.spool_writer->close_now();
  if (const Status synced = parts.spool->sync(); !synced.ok()) {
    parts.log.line(LogLevel::kError, "spool_sync_failed",
                   "the last cursors may not be on disk; events will be sent again",
                   {{"reason", synced.error().message()}});
  }
  parts.spool->close();
}

int end(AgentParts& parts) {
  for (const auto& delivery : parts.deliveries) {
    delivery->worker.ask_to_stop();
  }
  parts.ledger.auditor->ask_to_stop();
  parts.keeper.worker->ask_to_stop();
  const auto couriers_ended = [&parts] {
    return parts.ledger.auditor->has_ended() && parts.keeper.worker->has_ended() &&
           std::ranges::all_of(parts.deliveries, [](const auto& delivery) { return delivery->worker.has_ended(); });
  };
  wait_for(parts, couriers_ended, kStuckGrace, milliseconds{0});
  TWINLOG_KILL_POINT("agent.couriers_ended");
  std::atomic<bool> is_closed{false};
  const std::jthread closing([&parts, &is_closed] {
    name_this_thread("spool-closer");
    close_spool(parts);
    is_closed.store(true);
  });
  const bool is_synced = wait_for(
      parts, [&is_closed] { return is_closed.load(); }, kDiskGrace, kAskedAgain);
  if (!is_synced) {
    parts.log.line(LogLevel::kError, "spool_stuck",
                   "the spool's disk does not answer; stopping without it: what was answered was synced before",
                   {{"path", parts.settings.spool.path}});
  }
  const std::uint64_t count = events_left(parts);
  report_left(parts, count);
  const int code = count > 0 && (parts.is_ephemeral || parts.must_deliver) ? 1 : 0;
  if (!is_synced || !couriers_ended()) {
    // A thread is still inside a blocking call of the disk or of a store. Everything that matters is synced.
    parts.log.flush(kLastLines);
    _exit(code);
  }
  return code;
}

}  // namespace

int stop_parts(AgentParts& parts, const ServiceManager& manager) {
  drain(parts, manager);
  return end(parts);
}

void stop_while_opening(AgentParts& parts) {
  stop_admin(parts);
  report(parts, {.words = "stopped while the spool was being opened; what it holds stays in it",
                 .left = "unknown",
                 .is_at_risk = parts.is_ephemeral});
  parts.log.flush(kLastLines);
  _exit(parts.is_ephemeral ? 1 : 0);
}

}  // namespace twinlog
