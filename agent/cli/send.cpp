#include "agent/cli/send.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <ostream>
#include <system_error>

#include "agent/cli/send_connection.h"
#include "agent/cli/send_lines.h"
#include "agent/cli/send_report.h"
#include "agent/cli/send_window.h"
#include "ledger/record/event_reader.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr milliseconds kProgressEvery{200};

class SendingRun {
 public:
  SendingRun(const SendOptions& options, const SendIo& io, int input, std::optional<std::uint64_t> input_bytes)
      : options_(options),
        io_(io),
        input_(input),
        input_bytes_(input_bytes),
        lines_(input, options.line_bytes_most),
        window_(options.lines_most, options.bytes_most),
        started_(io.clock.steady_now()) {}

  SendExit run();

 private:
  TimePoint now() const { return io_.clock.steady_now(); }
  bool is_finished() const;
  void fill_window();
  void connect_when_due();
  void queue_lines();
  void wait();
  milliseconds wait_most() const;
  void read_input();
  void read_answers();
  void take_answer(const std::string& text);
  void lose_connection();
  void note_failure(const std::string& problem);
  void take_interruption();
  void show_progress();
  void fail(const std::string& problem);
  SendExit summarise();

  const SendOptions& options_;
  const SendIo& io_;
  int input_;
  std::optional<std::uint64_t> input_bytes_;
  EventReader reader_{{}};
  LineReader lines_;
  SendWindow window_;
  SendConnection connection_;
  TimePoint started_;
  TimePoint busy_until_{};
  TimePoint next_connect_{};
  TimePoint next_progress_{};
  std::optional<TimePoint> failing_since_;
  std::optional<TimePoint> interrupted_until_;
  milliseconds reconnect_delay_{0};
  std::uint64_t implausible_ = 0;
  bool is_given_up_ = false;
};

SendExit SendingRun::run() {
  // A busy listener's queue may be full; anything else will not pass by waiting.
  const int error = connection_.open(options_.socket);
  if (error == ENAMETOOLONG) {
    fail("the path of the socket is empty or longer than 107 bytes");
    return SendExit::kUsage;
  }
  if (error != 0 && error != EAGAIN) {
    fail(connect_problem(options_.socket, error));
    return SendExit::kFailure;
  }
  fill_window();
  while (!is_finished()) {
    connect_when_due();
    queue_lines();
    if (!is_given_up_) {
      wait();
    }
    fill_window();
    show_progress();
  }
  return summarise();
}

bool SendingRun::is_finished() const {
  if (is_given_up_) {
    return true;
  }
  if (interrupted_until_) {
    return window_.on_their_way() == 0 || now() >= *interrupted_until_;
  }
  return lines_.at_end() && window_.held() == 0;
}

void SendingRun::fill_window() {
  while (!interrupted_until_ && window_.has_room()) {
    auto line = lines_.next();
    if (!line) {
      return;
    }
    const auto time = reader_.time_of(line->text);
    implausible_ += time && is_implausible_time(*time, io_.clock.utc_now()) ? 1U : 0U;
    window_.add(std::move(*line));
  }
}

void SendingRun::connect_when_due() {
  if (connection_.is_open() || window_.waiting() == 0 || interrupted_until_ || now() < next_connect_) {
    return;
  }
  if (const int error = connection_.open(options_.socket); error != 0) {
    note_failure(connect_problem(options_.socket, error));
  }
}

void SendingRun::note_failure(const std::string& problem) {
  failing_since_ = failing_since_.value_or(now());
  reconnect_delay_ = reconnect_delay_ == milliseconds{0} ? options_.reconnect_first
                                                         : std::min(reconnect_delay_ * 2, options_.reconnect_most);
  next_connect_ = now() + reconnect_delay_;
  if (now() - *failing_since_ >= options_.give_up_after) {
    fail("given up: " + problem);
  }
}

void SendingRun::queue_lines() {
  if (!connection_.is_open() || interrupted_until_ || now() < busy_until_) {
    return;
  }
  while (connection_.has_room()) {
    const std::string* line = window_.take_next();
    if (line == nullptr) {
      return;
    }
    connection_.queue(*line);
  }
}

milliseconds SendingRun::wait_most() const {
  TimePoint until = TimePoint::max();
  if (interrupted_until_) {
    until = *interrupted_until_;
  } else if (window_.waiting() > 0 && !connection_.is_open()) {
    until = next_connect_;
  } else if (window_.waiting() > 0 && now() < busy_until_) {
    until = busy_until_;
  }
  if (io_.shows_progress) {
    until = std::min(until, next_progress_);
  }
  if (until == TimePoint::max()) {
    return milliseconds{-1};
  }
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(until - now()));
}

void SendingRun::wait() {
  const bool wants_input = !lines_.at_end() && !interrupted_until_ && window_.has_room();
  std::array<pollfd, 3> waited{{{io_.interrupt, POLLIN, 0}, {wants_input ? input_ : -1, POLLIN, 0}, {-1, POLLIN, 0}}};
  if (connection_.is_open()) {
    waited[2].fd = connection_.fd();
    waited[2].events = static_cast<short>(POLLIN | (connection_.wants_write() ? POLLOUT : 0));
  }
  if (::poll(waited.data(), waited.size(), static_cast<int>(wait_most().count())) <= 0) {
    return;  // The time is up, or a signal came: the loop looks at everything anew.
  }
  if (waited[0].revents != 0) {
    take_interruption();
  }
  if (waited[1].revents != 0) {
    read_input();
  }
  if ((waited[2].revents & POLLOUT) != 0) {
    connection_.write_some();
  }
  if ((waited[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    read_answers();
  }
}

void SendingRun::read_input() {
  if (const Status read = lines_.read_some(); !read) {
    fail(read.error().message());
  }
}

void SendingRun::read_answers() {
  const bool is_alive = connection_.read_some();
  while (!is_given_up_) {
    const auto answer = connection_.next_answer();
    if (!answer) {
      break;
    }
    take_answer(*answer);
  }
  if (connection_.is_babbling()) {
    fail("what listens at " + options_.socket + " is no twinlog agent: its answer has no line end");
  }
  if (!is_alive) {
    lose_connection();
  }
}

void SendingRun::take_answer(const std::string& text) {
  const auto answer = parse_answer(text);
  if (!answer || !window_.answered(*answer)) {
    fail("what listens at " + options_.socket + " is no twinlog agent: its answers are of another kind");
    return;
  }
  failing_since_.reset();
  reconnect_delay_ = milliseconds{0};
  if (answer->status == AnswerStatus::kBusy) {
    busy_until_ = std::max(busy_until_, now() + answer->retry_after);
  }
}

void SendingRun::lose_connection() {
  const bool was_needed = window_.on_their_way() > 0;
  window_.lost_connection(connection_.bytes_written());
  connection_.close();
  if (was_needed) {
    note_failure("the agent at " + options_.socket +
                 " closes every connection without an answer: its log says why (intake.unix.allow_uids?)");
  }
}

void SendingRun::take_interruption() {
  std::array<char, 128> one;  // The size of a signalfd_siginfo.
  (void)!::read(io_.interrupt, one.data(), one.size());
  is_given_up_ = interrupted_until_.has_value();
  interrupted_until_ = interrupted_until_.value_or(now() + options_.interrupted_wait_most);
}

void SendingRun::show_progress() {
  if (!io_.shows_progress || now() < next_progress_) {
    return;
  }
  next_progress_ = now() + kProgressEvery;
  SendProgress progress;
  progress.answered = window_.counts().answered();
  progress.rejected = window_.counts().rejected;
  progress.time = std::chrono::duration_cast<milliseconds>(now() - started_);
  if (input_bytes_ && *input_bytes_ > 0) {
    progress.percent = static_cast<unsigned>(std::min<std::uint64_t>(100, lines_.bytes_read() * 100 / *input_bytes_));
  }
  if (interrupted_until_) {
    progress.state = SendProgress::State::kStopping;
  } else if (!connection_.is_open()) {
    progress.state = SendProgress::State::kReconnecting;
  } else if (now() < busy_until_) {
    progress.state = SendProgress::State::kAgentBusy;
  }
  io_.err << "\r\x1b[K" << progress_text(progress) << std::flush;
}

void SendingRun::fail(const std::string& problem) {
  io_.err << (io_.shows_progress ? "\r\x1b[K" : "") << "twinlog send: " << problem << "\n";
  is_given_up_ = true;
}

SendExit SendingRun::summarise() {
  if (io_.shows_progress) {
    io_.err << "\r\x1b[K" << std::flush;
  }
  SendSummary summary;
  summary.counts = window_.counts();
  summary.socket = options_.socket;
  summary.time = std::chrono::duration_cast<milliseconds>(now() - started_);
  summary.unanswered = window_.held();
  summary.implausible = implausible_;
  summary.resume_at = window_.first_unanswered();
  if (!summary.resume_at && !lines_.at_end()) {
    summary.resume_at = lines_.next_number();
  }
  io_.out << summary_text(summary) << std::flush;
  const bool all_taken = !summary.resume_at && summary.counts.rejected == 0;
  return all_taken ? SendExit::kTaken : SendExit::kFailure;
}

}  // namespace

SendExit run_send(const SendOptions& options, const SendIo& io) {
  if (options.file.empty() || options.file == "-") {
    return SendingRun(options, io, io.input, std::nullopt).run();
  }
  const int file = ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat state {};
  if (file < 0 || ::fstat(file, &state) != 0 || S_ISDIR(state.st_mode)) {
    const int error = file >= 0 && S_ISDIR(state.st_mode) ? EISDIR : errno;
    io.err << "twinlog send: cannot open " << options.file << ": " << std::generic_category().message(error) << "\n";
    if (file >= 0) {
      (void)::close(file);
    }
    return SendExit::kUsage;
  }
  std::optional<std::uint64_t> size;
  if (S_ISREG(state.st_mode)) {
    size = static_cast<std::uint64_t>(state.st_size);
  }
  const SendExit exit = SendingRun(options, io, file, size).run();
  (void)::close(file);
  return exit;
}

}  // namespace twinlog
