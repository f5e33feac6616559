// Stands before a log and keeps a repeated line from flooding it. Lines are alike when event, store, code and words
// are.
//
// The first lines of a kind are told at once. What follows in quick succession is held: when it has been quiet for a
// minute, before another line of the same store, or after ten minutes of repeating, the newest one is told with
// `repeated=N repeated_from=... repeated_to=...`. So the last thing that was told of a store is how it is, at most a
// minute late; a kind that was quiet starts afresh. What tells of the life of the process is never held.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/observe/stderr_log.h"
#include "ledger/base/clock.h"

namespace twinlog {

/// Callable from every thread.
class SummedLog final : public LeveledLog {
 public:
  static constexpr unsigned kAtOnce = 5;
  static constexpr std::chrono::seconds kQuiet{60};
  static constexpr std::chrono::seconds kHeldAtMost{600};
  /// Lines that differ in their words only are kinds of their own up to this number; then they are one kind.
  static constexpr std::size_t kMostKinds = 256;

  SummedLog(LeveledLog& log, const Clock& clock) : log_(log), clock_(clock) {}
  ~SummedLog() override { tell_all(); }
  SummedLog(const SummedLog&) = delete;
  SummedLog& operator=(const SummedLog&) = delete;

  void set_level(const std::string& level) override { log_.set_level(level); }
  bool flush(std::chrono::milliseconds most) override { return log_.flush(most); }
  void write(LogLevel level, std::string_view event, std::string_view words, std::span<const LogField> fields) override;

  /// Tells what was held long enough; every line does this first, so it is for times without lines.
  void tell_due();
  /// Tells everything that is held, before the last line of the process.
  void tell_all();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Kind {
    LogLevel level = LogLevel::kInfo;
    std::string event, words, store;
    std::vector<std::pair<std::string, std::string>> fields;  ///< Of the newest line that is held.
    unsigned told = 0;                                        ///< At once, since it was quiet.
    std::uint64_t held = 0;
    TimePoint held_since, last_at;
    UtcMicros held_from = 0, held_to = 0;
    std::uint64_t order = 0;
  };

  Kind& kind_of(std::string_view event, std::string_view words, std::span<const LogField> fields);
  void tell(Kind& kind);
  void tell_due_or(const std::function<bool(const Kind&)>& also);

  LeveledLog& log_;
  const Clock& clock_;
  std::mutex mutex_;  ///< For what follows; held while writing, so that lines keep their order.
  std::map<std::string, Kind, std::less<>> kinds_;
  std::uint64_t lines_ = 0;
};

}  // namespace twinlog
