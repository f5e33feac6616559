// Text from outside on its way into a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace twinlog {

/// Longer text is cut there and ends in "...".
inline constexpr std::size_t kPrintableBytesMost = 200;

/// `text` with everything but printable ASCII as \xNN, cut to kPrintableBytesMost. It cannot forge a log line.
std::string printable(std::string_view text);
/// printable() in double quotes.
std::string quoted(std::string_view text);

}  // namespace twinlog
