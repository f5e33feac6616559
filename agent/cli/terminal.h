// Text for a terminal: colours, numbers and times for people, and nothing that could move its cursor.
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

/// "512 B", "44.0 MiB", "2.0 GiB".
std::string bytes_text(std::uint64_t bytes);

/// "0.4 s", "12 s", "5 min", "3 h", "12 d".
std::string seconds_text(double seconds);

/// "1 event", "12 events".
std::string events_text(std::uint64_t count);

}  // namespace twinlog
