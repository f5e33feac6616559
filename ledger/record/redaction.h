// Takes what is secret out of text and leaves what is evidence (docs/EVENTS.md; the exact rules: ledger/FORMAT.md).
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/record/event_reader.h"

namespace twinlog {

using RedactionCounts = std::array<std::uint64_t, kRedactionRules>;

inline constexpr std::string_view kMarkStart = "[redacted:";

/// "[redacted:<rule>]"
std::string redaction_mark(RedactionRule rule);

/// The size of the mark of one of our rules at the front of `text`, or of all of `text` when it is a mark that was cut;
/// 0 when there is none.
std::size_t mark_size(std::string_view text);

/// `text`, valid UTF-8, with every secret in it replaced by its mark, each counted; nothing when there is none. Every
/// byte that is no part of a secret stays. Doing it again changes nothing. Linear in the length of `text`.
std::optional<std::string> redacted(std::string_view text, RedactionCounts& counts);

/// Whether a secret that is told by its own shape stands in `text`. What a name before it would make one is none here.
bool holds_token(std::string_view text);

/// The same as redacted() for a name that somebody typed: only where all of it is one secret.
std::optional<std::string> redacted_name(std::string_view text, RedactionCounts& counts);

}  // namespace twinlog
