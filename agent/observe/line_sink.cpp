#include "agent/observe/line_sink.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace twinlog {
namespace {

std::string_view priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::err:
      return "<3>";
    case spdlog::level::warn:
      return "<4>";
    case spdlog::level::info:
      return "<6>";
    default:
      return "<7>";
  }
}

/// Whether all of it is out.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // Another process that shares the pipe made it so.
      pollfd waited{.fd = descriptor, .events = POLLOUT, .revents = 0};
      static_cast<void>(::poll(&waited, 1, -1));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool LineSink::wait_for(std::uint64_t lines, std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [this, lines] { return handled_ + queue_->overrun_counter() >= lines; });
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
  tell_lost(message);
  unwritten_ += write(message) ? 0U : 1U;
  {
    const std::scoped_lock lock(mutex_);
    ++handled_;
  }
  changed_.notify_all();
}

bool LineSink::write(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  if (priority_ == Priority::kPrefix) {
    const std::string_view prefix = priority_of(message.level);
    line.append(prefix.data(), prefix.data() + prefix.size());
  }
  spdlog::memory_buf_t formatted;
  formatter_->format(message, formatted);
  line.append(formatted.begin(), formatted.end());
  return write_all(descriptor_, {line.data(), line.size()});
}

void LineSink::tell_lost(const spdlog::details::log_msg& before) {
  const std::uint64_t lost = unwritten_ + queue_->overrun_counter();
  if (lost == told_) {
    return;
  }
  const std::string payload = lost_line_(lost - told_);
  spdlog::details::log_msg line(before.time, {}, before.logger_name, spdlog::level::warn, payload);
  if (write(line)) {
    told_ = lost;
  }
}

}  // namespace twinlog
