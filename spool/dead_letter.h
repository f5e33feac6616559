// What one store can never take, kept for somebody to look at: the version as it was accepted, and why it was refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ledger/record/auth_event.h"
#include "spool/decision.h"

namespace twinlog {

struct DeadLetter {
  Version version;
  UtcMicros refused_at = 0;
  std::string code;        ///< The store's: SQLSTATE or server code; "" for none.
  std::string constraint;  ///< Or index; "" where the store named none.
  std::string where;       ///< "records" or "conflicts".
  std::string words;       ///< Ours, never the store's.
};

/// How letters end.
struct Settlement {
  enum class Kind : std::uint8_t {
    kTaken,      ///< The store has it now.
    kDiscarded,  ///< Somebody decided that the store does not get it: that stays on record, the event does not.
  };
  Kind kind = Kind::kTaken;
  Decision by = {};  ///< Of a discard.
};

/// The letters of one store that nobody has settled.
struct DeadLetterCounts {
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;     ///< As they lie in the spool, those on record as discarded included.
  std::uint64_t accounts = 0;  ///< Whose state in the store lacks something.
  std::optional<UtcMicros> oldest_refused_at;
};

}  // namespace twinlog
