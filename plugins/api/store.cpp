#include "plugins/api/store.h"

namespace twinlog {

std::string_view reaction_text(Reaction reaction) {
  switch (reaction) {
    case Reaction::kRetry:
      return "retry";
    case Reaction::kRetrySmaller:
      return "retry_smaller";
    case Reaction::kReconnect:
      return "reconnect";
    case Reaction::kReconnectSmaller:
      return "reconnect_smaller";
    case Reaction::kRetrySlowly:
      return "retry_slowly";
    case Reaction::kHold:
      return "hold";
    case Reaction::kPoison:
      return "poison";
    case Reaction::kStop:
      return "stop";
  }
  return "retry";
}

std::optional<std::chrono::microseconds> clock_offset_of(UtcMicros theirs, UtcMicros before, UtcMicros after) {
  if (after < before || after - before > kLongestClockQuestion.count()) {
    return std::nullopt;
  }
  return std::chrono::microseconds{theirs - (before + (after - before) / 2)};
}

}  // namespace twinlog
