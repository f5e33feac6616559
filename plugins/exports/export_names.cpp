#include "plugins/exports/export_names.h"

#include <bit>
#include <cstring>

namespace twinlog {
namespace {

constexpr std::size_t kSlots = 256;
static_assert(kExportNameCount * 3 < kSlots, "a table that is full has long chains");

/// Of the first and the last eight bytes and the size.
std::size_t slot_of(std::string_view name) {
  constexpr std::size_t kPart = sizeof(std::uint64_t);
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  if (name.size() >= kPart) {
    std::memcpy(&front, name.data(), kPart);
    std::memcpy(&back, name.data() + name.size() - kPart, kPart);
  } else {
    for (const char c : name) {
      front = front << 8U | static_cast<std::uint8_t>(c);
    }
  }
  return static_cast<std::size_t>(((front ^ std::rotl(back, 29) ^ name.size()) * kOdd) >> 56U);
}

std::array<std::uint8_t, kSlots> numbers_by_slot() {
  std::array<std::uint8_t, kSlots> numbers{};
  numbers.fill(kNoName);
  for (std::size_t i = 0; i < kExportNameCount; ++i) {
    std::size_t slot = slot_of(kExportNames.at(i));
    while (numbers.at(slot) != kNoName) {
      slot = (slot + 1) % kSlots;
    }
    numbers.at(slot) = static_cast<std::uint8_t>(i);
  }
  return numbers;
}

}  // namespace

std::uint8_t export_name_number(std::string_view name) {
  static const std::array<std::uint8_t, kSlots> numbers = numbers_by_slot();
  for (std::size_t slot = slot_of(name);; slot = (slot + 1) % kSlots) {
    const std::uint8_t number = numbers[slot];
    if (number == kNoName || kExportNames[number] == name) {
      return number;
    }
  }
}

}  // namespace twinlog
