// Keys and values of the family `dead_letters`, and of the meta keys that tell of them, byte by byte as spool/FORMAT.md
// has them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "spool/spool.h"

namespace twinlog {

std::string dead_letter_key(StoreId store, std::uint64_t leaf);
/// Nothing where it is no such key.
std::optional<std::pair<StoreId, std::uint64_t>> place_of_dead_letter(std::string_view key);

std::string dead_letter_value(const DeadLetter& letter);
/// Nothing for one that was discarded, and for what is no such value.
std::optional<DeadLetter> dead_letter_from(std::string_view value);

/// What stays of one that was discarded.
std::string discarded_value(const DeadLetter& letter, const Settlement& settlement);
bool is_discarded_letter(std::string_view value);

/// What is known of a letter apart from it, so that one that is gone is missed.
struct LetterMark {
  bool is_discarded = false;
  UtcMicros refused_at = 0;
  UtcMicros received_at = 0;  ///< Its event; 0 where that is not known any more.
};
LetterMark mark_of(const DeadLetter& letter);
inline constexpr std::string_view kLetterMarkPrefix = "letter/";
std::string letter_mark_key(StoreId store, std::uint64_t leaf);
/// Nothing where it is no such key.
std::optional<std::pair<StoreId, std::uint64_t>> place_of_letter_mark(std::string_view key);
std::string letter_mark_value(const LetterMark& mark);
std::optional<LetterMark> letter_mark_from(std::string_view value);
/// Whether this value is a letter, and in the state that the mark tells.
bool is_letter_of(const LetterMark& mark, std::string_view value);

}  // namespace twinlog
