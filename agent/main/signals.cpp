#include "agent/main/signals.h"

#include <csignal>
#include <ctime>

namespace twinlog {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

std::optional<Signal> wait_for_signal(std::chrono::milliseconds most) {
  const sigset_t set = watched_signals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  const std::chrono::nanoseconds rest = most - seconds;
  const timespec wait{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  const int number = sigtimedwait(&set, nullptr, &wait);
  if (number < 0) {
    return std::nullopt;
  }
  return number == SIGHUP ? Signal::kReload : Signal::kStop;
}

}  // namespace twinlog
