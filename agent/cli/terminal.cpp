#include "agent/cli/terminal.h"

#include <array>

namespace twinlog {

std::string coloured(std::string_view text, Colour colour, Colours colours) {
  constexpr std::array<std::string_view, 4> kCodes{"1", "1;32", "1;33", "1;31"};
  if (colours == Colours::kOff) {
    return std::string(text);
  }
  return "\x1b[" + std::string(kCodes.at(static_cast<std::size_t>(colour))) + "m" + std::string(text) + "\x1b[0m";
}

std::string shown_text(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= ' ' && c <= '~' ? c : '?';
  }
  return out;
}

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

}  // namespace twinlog
