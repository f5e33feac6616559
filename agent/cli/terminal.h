// Text for a terminal: colours, and nothing that could move its cursor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace twinlog {

enum class Colour : std::uint8_t { kNone, kGreen, kYellow, kRed };
enum class Colours : std::uint8_t { kOff, kOn };

/// `text` in bold and in this colour, where colours are on.
std::string coloured(std::string_view text, Colour colour, Colours colours);

/// What came from elsewhere: everything but printable ASCII becomes "?".
std::string shown_text(std::string_view text);

/// "1 event", "12000 events": digits alone, because scripts read it.
std::string events_text(std::uint64_t count);

}  // namespace twinlog
