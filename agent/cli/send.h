// `twinlog send`: NDJSON from a file or standard input through the agent's Unix socket (docs/OPERATING.md).
//
// 1. A line counts as taken only when its answer line is there (stored, duplicate or conflict).
// 2. At most `lines_most` lines and about `bytes_most` bytes are held at a time: on their way, or waiting to be sent
//    again. So memory is bounded whatever the input is.
// 3. `busy` is no loss and no end: after retry_after_ms the line is sent again, for as long as the agent asks for it.
// 4. When the connection is lost, unanswered lines are sent again on the next one. The agent knows a line that it has
//    taken already by its log_id; a line without one is a new event, and the summary says how many were sent again.
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

#include "ledger/base/clock.h"

namespace twinlog {

enum class SendExit : int {
  kTaken = 0,    ///< Every line was taken.
  kFailure = 1,  ///< A line was rejected or has no answer, or the agent could not be reached.
  kUsage = 2,    ///< The input cannot be opened, or the socket's path is too long for one.
};

struct SendOptions {
  std::string socket = "/run/twinlog/events.sock";
  std::string file;  ///< "" or "-": standard input.

  std::size_t lines_most = 1024;                          ///< The agent pauses reading at 4,096 unanswered lines.
  std::size_t bytes_most = 8U << 20U;                     ///< One longer line still goes through, alone.
  std::size_t line_bytes_most = 16U << 20U;               ///< Longer than any agent takes: not sent, but reported.
  std::chrono::milliseconds reconnect_first{100};         ///< Doubled at every failure ...
  std::chrono::milliseconds reconnect_most{5000};         ///< ... up to this.
  std::chrono::milliseconds give_up_after{30000};         ///< Without an answer while reconnecting. The first connect
                                                          ///< fails at once when nobody listens.
  std::chrono::milliseconds interrupted_wait_most{5000};  ///< For the answers still due after an interruption.
};

/// Where it reads and writes. The caller owns all of it.
struct SendIo {
  int input = 0;       ///< Read when SendOptions::file names none.
  int interrupt = -1;  ///< Becomes readable to stop: the first time no more is sent and due answers are waited for, the
                       ///< second time it ends at once. One read() takes one interruption (a signalfd). -1: none.
  std::ostream& out;   ///< The summary.
  std::ostream& err;   ///< What went wrong, and progress.
  bool shows_progress = false;
  const Clock& clock;
};

/// Blocks until the input is through, it was interrupted, or the agent is given up. Writes no line's content anywhere
/// but to the socket. Runs on the calling thread and ignores no signal but a broken pipe of its socket.
SendExit run_send(const SendOptions& options, const SendIo& io);

/// run_send on the process's own standard streams, with progress when standard error is a terminal. SIGINT and SIGTERM
/// interrupt; they stay blocked in the calling thread afterwards, so the process should end with what this returns.
SendExit run_send_command(const SendOptions& options);

}  // namespace twinlog
