// Lines from a file descriptor, numbered, each bounded in length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "ledger/base/result.h"

namespace twinlog {

struct InputLine {
  std::uint64_t number = 0;  ///< From 1, as an editor counts.
  std::string text;          ///< Without its LF. Empty when `is_too_long`.
  bool is_too_long = false;
};

class LineReader {
 public:
  LineReader(int input, std::size_t line_bytes_most) : input_(input), line_bytes_most_(line_bytes_most) {}

  /// One read(), which blocks unless the input is readable. kRefused when it fails. EINTR reads nothing.
  Status read_some();
  /// The next complete line that is not blank. The last one may lack its LF.
  std::optional<InputLine> next();
  bool at_end() const { return at_end_; }
  /// The number of the first line that next() has not given out.
  std::uint64_t next_number() const { return lines_.empty() ? unfinished_.number : lines_.front().number; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  void take(const char* bytes, std::size_t count);
  void finish_line();

  int input_;
  std::size_t line_bytes_most_;
  std::deque<InputLine> lines_;
  InputLine unfinished_{1, "", false};
  bool at_end_ = false;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace twinlog
