// What `twinlog send` says to people.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/cli/send_window.h"

namespace twinlog {

struct SendSummary {
  SendCounts counts;
  std::string socket;
  std::chrono::milliseconds time{0};
  std::uint64_t unanswered = 0;
  std::uint64_t implausible = 0;  ///< Lines of a time before the year 2000 or over a day ahead.
  /// The lowest line without an answer, or the first unread one; none when the input is through.
  std::optional<std::uint64_t> resume_at;
};

/// Several lines, each with its end.
std::string summary_text(const SendSummary& summary);

struct SendProgress {
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  std::chrono::milliseconds time{0};
  std::optional<unsigned> percent;
  enum class State : std::uint8_t { kSending, kAgentBusy, kReconnecting, kStopping } state = State::kSending;
};

/// One line without an end.
std::string progress_text(const SendProgress& progress);

/// Why `socket` cannot be connected to, and what to do.
std::string connect_problem(const std::string& socket, int error);

}  // namespace twinlog
