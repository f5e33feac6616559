#include "agent/cli/terminal.h"

#include <array>
#include <cstdio>

namespace twinlog {
namespace {

std::string tenths_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", number);
  return text.data();
}

}  // namespace

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

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  double number = static_cast<double>(bytes) / kStep;
  std::size_t unit = 0;
  for (; number >= kStep && unit + 1 < kUnits.size(); ++unit) {
    number /= kStep;
  }
  return tenths_text(number) + " " + std::string(kUnits.at(unit));
}

std::string seconds_text(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  constexpr double kDay = 24 * kHour;
  const auto whole = [](double number) { return std::to_string(static_cast<std::uint64_t>(number)); };
  if (seconds < 10) {
    return tenths_text(seconds) + " s";
  }
  if (seconds < 2 * kMinute) {
    return whole(seconds) + " s";
  }
  if (seconds < 2 * kHour) {
    return whole(seconds / kMinute) + " min";
  }
  return seconds < 2 * kDay ? whole(seconds / kHour) + " h" : whole(seconds / kDay) + " d";
}

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

}  // namespace twinlog
