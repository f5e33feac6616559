#include "agent/cli/send_lines.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace twinlog {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;

}  // namespace

Status LineReader::read_some() {
  std::array<char, kReadBytes> bytes;
  const ssize_t count = ::read(input_, bytes.data(), bytes.size());
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) {
      return {};
    }
    return Error(ErrorKind::kRefused, "the input cannot be read: " + std::generic_category().message(errno));
  }
  bytes_read_ += static_cast<std::uint64_t>(count);
  if (count == 0) {
    at_end_ = true;
    finish_line();
    return {};
  }
  take(bytes.data(), static_cast<std::size_t>(count));
  return {};
}

void LineReader::take(const char* bytes, std::size_t count) {
  while (count > 0) {
    const auto* const end = static_cast<const char*>(std::memchr(bytes, '\n', count));
    const std::size_t length = end == nullptr ? count : static_cast<std::size_t>(end - bytes);
    if (unfinished_.text.size() + length > line_bytes_most_) {
      unfinished_.is_too_long = true;
    }
    if (unfinished_.is_too_long) {
      unfinished_.text.clear();
    } else {
      unfinished_.text.append(bytes, length);
    }
    if (end == nullptr) {
      return;
    }
    finish_line();
    bytes += length + 1;
    count -= length + 1;
  }
}

void LineReader::finish_line() {
  const std::uint64_t next_number = unfinished_.number + 1;
  // The agent does not answer a blank line, so it must not be sent.
  const bool is_blank = unfinished_.text.find_first_not_of(" \t\r") == std::string::npos;
  if (unfinished_.is_too_long || !is_blank) {
    lines_.push_back(std::move(unfinished_));
  }
  unfinished_ = {next_number, "", false};
}

std::optional<InputLine> LineReader::next() {
  if (lines_.empty()) {
    return std::nullopt;
  }
  InputLine line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

}  // namespace twinlog
