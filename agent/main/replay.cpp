#include "agent/main/replay.h"

#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "agent/main/agent_parts.h"
#include "agent/main/exit_code.h"
#include "agent/main/process_limits.h"
#include "agent/main/service_manager.h"
#include "agent/main/starting.h"
#include "agent/main/stopping.h"
#include "ledger/base/thread_name.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

constexpr std::chrono::seconds kTellEvery{5};

/// A line every few seconds, until it is stopped.
void tell_progress(const std::stop_token& stop, const AgentParts& parts) {
  name_this_thread("replay-progress");
  std::mutex mutex;
  std::condition_variable_any pause;
  std::unique_lock lock(mutex);
  while (!pause.wait_for(lock, stop, kTellEvery, [&stop] { return stop.stop_requested(); })) {
    parts.log.line(LogLevel::kInfo, "replaying", "delivering what waits",
                   {{"waiting", std::to_string(events_left(parts))}});
  }
}

std::uint64_t letters_left(const AgentParts& parts) {
  std::uint64_t count = 0;
  for (const DeadLetterCounts& counts : parts.spool->stats().dead_letters) {
    count += counts.letters;
  }
  return count;
}

void shut_the_ways_in(Settings& settings) {
  settings.intake.unix_socket.path.clear();
  settings.intake.http.listen.clear();
  settings.admin.listen.clear();
  settings.admin.socket.clear();
}

}  // namespace

int run_replay(Settings settings, const std::map<std::string, std::string>& environment, LeveledLog& log) {
  const SystemClock clock;
  SummedLog summed(log, clock);
  for (const auto check : {check_stopped, check_owner}) {
    if (const Status fine = check(settings.spool.path); !fine) {
      summed.line(LogLevel::kError, "start_failed", fine.error().message());
      return 1;
    }
  }
  shut_the_ways_in(settings);
  AgentParts parts(std::move(settings), summed);
  parts.must_deliver = true;
  if (const Status read = take_enrolment_key(parts); !read) {
    summed.line(LogLevel::kError, "start_failed", read.error().message());
    return kExitConfiguration;
  }
  const std::map<std::string, std::string> nothing;
  const ProcessGifts gifts{.environment = nothing, .open_files = set_process_limits()};
  const ServiceManager manager(environment, getpid());
  if (const Status started = start_parts(parts, gifts, manager); !started.ok()) {
    summed.line(LogLevel::kError, "start_failed", started.error().message());
    return 1;
  }
  std::jthread progress([&parts](const std::stop_token& stop) { tell_progress(stop, parts); });
  const int code = stop_parts(parts, manager);
  const std::uint64_t letters = letters_left(parts);
  if (letters > 0) {
    summed.line(LogLevel::kError, "dead_letters_left",
                "a store refuses these events for good, and they lie in this spool alone: see `twinlog spool "
                "dead-letters` before its volume goes",
                {{"count", std::to_string(letters)}});
  }
  return letters > 0 ? 1 : code;
}

}  // namespace twinlog
