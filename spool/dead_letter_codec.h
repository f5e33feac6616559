// Keys and values of the family `dead_letters`, byte by byte as spool/FORMAT.md has them. Pure.
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

}  // namespace twinlog
