// Who decided something about events that do not come back, when, and why: stays on record in the spool.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"

namespace twinlog {

struct Decision {
  UtcMicros at = 0;
  std::string who;
  std::string reason;
  bool operator==(const Decision&) const = default;
};

/// u16 length, UTF-8; longer texts are cut at 4096 bytes.
void put_text(std::string& value, std::string_view text);
std::string text_from(ByteReader& reader);

/// When i64, by whom, why.
void put_decision(std::string& value, const Decision& decision);
/// Nothing where the bytes end before.
std::optional<Decision> decision_from(ByteReader& reader);

}  // namespace twinlog
