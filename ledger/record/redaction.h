// The redaction rules of docs/EVENTS.md, as pure functions on keys and strings. Patterns: ledger/FORMAT.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/record/event_reader.h"

namespace twinlog {

using RedactionCounts = std::array<std::uint64_t, kRedactionRules>;

/// "[redacted:<rule>]"
std::string redaction_mark(RedactionRule rule);

/// True when values under this key are secrets.
bool is_secret_key(std::string_view key);

/// `text` with everything in it that is shaped like a secret replaced, each counted; nothing when there is none.
std::optional<std::string> redacted(std::string_view text, RedactionCounts& counts);

}  // namespace twinlog
