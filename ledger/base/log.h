// The seam for log lines. A line is an event name and fields; values never hold event content or secrets.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace twinlog {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// One `name=value` of a line.
struct LogField {
  std::string_view name;
  std::string value;
};

/// Callable from every thread; does not throw. Implementations escape values (C0, C1 and bidi controls).
/// Error: someone must act. Warning: we recovered or will by ourselves. Info: lifecycle. Debug: the rest.
class Log {
 public:
  virtual ~Log() = default;
  /// `event` is a stable name such as "store_flush_failed"; `words` says it for people.
  void line(LogLevel level, std::string_view event, std::string_view words,
            std::initializer_list<LogField> fields = {}) {
    write(level, event, words, {fields.begin(), fields.size()});
  }
  virtual void write(LogLevel level, std::string_view event, std::string_view words,
                     std::span<const LogField> fields) = 0;
};

}  // namespace twinlog
