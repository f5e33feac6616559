#include "agent/main/signals.h"

#include <csignal>
#include <ctime>

namespace twinlog {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

sigset_t watched_signals() {
  sigset_t set = stop_signals();
  sigaddset(&set, SIGHUP);
  return set;
}

/// The number of the signal; negative when none came.
int wait_for_one_of(const sigset_t& set, std::chrono::milliseconds most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  const std::chrono::nanoseconds rest = most - seconds;
  const timespec wait{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  return sigtimedwait(&set, nullptr, &wait);
}

}  // namespace

void block_signals() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (const int each : {SIGPIPE, SIGXFSZ}) {
    sigaction(each, &ignore, nullptr);
  }
}

bool wait_for_stop(std::chrono::milliseconds most) {
  return wait_for_one_of(stop_signals(), most) > 0;
}

std::optional<Signal> wait_for_signal(std::chrono::milliseconds most) {
  const int number = wait_for_one_of(watched_signals(), most);
  if (number < 0) {
    return std::nullopt;
  }
  return number == SIGHUP ? Signal::kReload : Signal::kStop;
}

}  // namespace twinlog
