// run_send in a process of its own: the standard streams and signals.
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "agent/cli/send.h"

namespace twinlog {

SendExit run_send_command(const SendOptions& options) {
  sigset_t interruptions;
  sigemptyset(&interruptions);
  sigaddset(&interruptions, SIGINT);
  sigaddset(&interruptions, SIGTERM);
  // Without the descriptor (-1) the signals must keep their own effect.
  const int interrupt = ::signalfd(-1, &interruptions, SFD_CLOEXEC);
  if (interrupt >= 0) {
    pthread_sigmask(SIG_BLOCK, &interruptions, nullptr);
  }
  const SystemClock clock;
  const SendExit exit = run_send(options, {.input = STDIN_FILENO,
                                           .interrupt = interrupt,
                                           .out = std::cout,
                                           .err = std::cerr,
                                           .shows_progress = ::isatty(STDERR_FILENO) == 1,
                                           .clock = clock});
  if (interrupt >= 0) {
    (void)::close(interrupt);
  }
  return exit;
}

}  // namespace twinlog
