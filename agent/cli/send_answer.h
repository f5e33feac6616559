// An answer line of the agent (docs/INTAKE.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

enum class AnswerStatus : std::uint8_t { kStored, kDuplicate, kConflict, kRejected, kBusy };

/// A busy answer's wait is held between these, so that a mistaken one neither spins nor hangs.
inline constexpr std::chrono::milliseconds kBusyWaitLeast{10};
inline constexpr std::chrono::milliseconds kBusyWaitMost{60000};

struct Answer {
  AnswerStatus status = AnswerStatus::kStored;
  std::string field;                           ///< kRejected; may be empty.
  std::string reason;                          ///< kRejected.
  std::chrono::milliseconds retry_after{500};  ///< kBusy.
};

/// Nothing when `line` is no answer of an agent.
std::optional<Answer> parse_answer(std::string_view line);

/// Whether the event has a log_id of its own, as far as a plain JSON parser can tell (what the agent would have to
/// repair counts as having none).
bool has_log_id(std::string_view event);

}  // namespace twinlog
