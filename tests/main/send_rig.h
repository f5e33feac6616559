// Runs `send` in a test: text in, the summary and the complaints out.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>

#include "agent/cli/send.h"

namespace twinlog::testing {

struct Sent {
  SendExit exit = SendExit::kTaken;
  std::string out;
  std::string err;
};

/// Short waits, so that the backoff of a test takes milliseconds.
inline SendOptions quick_options(const std::string& socket) {
  SendOptions options;
  options.socket = socket;
  options.reconnect_first = std::chrono::milliseconds{1};
  options.reconnect_most = std::chrono::milliseconds{5};
  options.give_up_after = std::chrono::milliseconds{200};
  return options;
}

/// A pipe whose ends close by themselves.
struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe(fds) != 0) {
      std::abort();
    }
    read_end = fds[0];
    write_end = fds[1];
  }
  ~Pipe() {
    (void)::close(read_end);
    close_write_end();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void write(const std::string& text) const {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t count = ::write(write_end, text.data() + at, text.size() - at);
      if (count <= 0) {
        return;
      }
      at += static_cast<std::size_t>(count);
    }
  }
  void close_write_end() {
    if (write_end >= 0) {
      (void)::close(write_end);
    }
    write_end = -1;
  }
  int read_end = -1;
  int write_end = -1;
};

/// Sends `input` as it would come through a pipe.
inline Sent send_text(const SendOptions& options, const std::string& input, bool shows_progress = false) {
  Pipe pipe;
  std::jthread writer([&] {
    pipe.write(input);
    pipe.close_write_end();
  });
  std::ostringstream out;
  std::ostringstream err;
  const SystemClock clock;
  Sent sent;
  sent.exit = run_send(options, {.input = pipe.read_end,
                                 .interrupt = -1,
                                 .out = out,
                                 .err = err,
                                 .shows_progress = shows_progress,
                                 .clock = clock});
  // A sender that gave up has not read all: take the rest, so that the writer ends.
  char rest[4096];
  while (::read(pipe.read_end, rest, sizeof(rest)) > 0) {
  }
  writer.join();
  sent.out = out.str();
  sent.err = err.str();
  return sent;
}

/// `count` events with log_ids, one a line.
inline std::string events(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) {
    text += R"({"tenant_id":"t","log_id":"e)" + std::to_string(i) + "\"}\n";
  }
  return text;
}

}  // namespace twinlog::testing
