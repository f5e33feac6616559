#include "ledger/base/quantity_words.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace twinlog {

std::string grouped(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string count_words(std::uint64_t count, std::string_view one) {
  return grouped(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string bytes_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  if (bytes < 1024) {
    return count_words(bytes, "byte");
  }
  double size = static_cast<double>(bytes) / kStep;
  std::size_t unit = 0;
  for (; size >= kStep && unit + 1 < kUnits.size(); ++unit) {
    size /= kStep;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", size, kUnits.at(unit));
  return text.data();
}

std::string time_words(std::chrono::duration<double> time) {
  struct Unit {
    double seconds;
    double up_to;  ///< Of the number that is shown.
    const char* format;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{1, 10, "%.1f s"}, {1, 120, "%.0f s"}, {60, 120, "%.0f min"}, {3600, 48, "%.0f h"}, {86400, 1e9, "%.0f days"}}};
  const double seconds = time.count();
  const Unit* const unit = std::ranges::find_if(
      kUnits, [seconds](const Unit& each) { return seconds / each.seconds < each.up_to || each.up_to == 1e9; });
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), unit->format, seconds / unit->seconds);
  return text.data();
}

}  // namespace twinlog
