#include "plugins/exports/export_names.h"

#include <bit>
#include <cstring>

namespace twinlog {
namespace {

constexpr std::size_t kSlots = 256;
static_assert(kExportNameCount * 3 < kSlots, "a table that is full has long chains");

/// The first and the last eight bytes and the size: all that a name of at most sixteen bytes is.
struct Outline {
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  std::size_t size = 0;
  bool operator==(const Outline&) const = default;

  explicit Outline(std::string_view name) : size(name.size()) {
    constexpr std::size_t kPart = sizeof front;
    if (size >= kPart) {
      std::memcpy(&front, name.data(), kPart);
      std::memcpy(&back, name.data() + size - kPart, kPart);
      return;
    }
    for (const char c : name) {
      front = front << 8U | static_cast<std::uint8_t>(c);
    }
  }
  std::size_t slot() const {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>(((front ^ std::rotl(back, 29) ^ size) * kOdd) >> 56U);
  }
};

struct Slot {
  Outline outline{{}};
  std::uint8_t number = kNoName;
};

std::array<Slot, kSlots> slots_of_names() {
  std::array<Slot, kSlots> slots{};
  for (std::size_t i = 0; i < kExportNameCount; ++i) {
    const Outline outline(kExportNames.at(i));
    std::size_t place = outline.slot();
    while (slots.at(place).number != kNoName) {
      place = (place + 1) % kSlots;
    }
    slots.at(place) = {outline, static_cast<std::uint8_t>(i)};
  }
  return slots;
}

}  // namespace

std::uint8_t export_name_number(std::string_view name) {
  static const std::array<Slot, kSlots> slots = slots_of_names();
  constexpr std::size_t kAllOutlined = 2 * sizeof(std::uint64_t);
  const Outline outline(name);
  for (std::size_t place = outline.slot();; place = (place + 1) % kSlots) {
    const Slot& slot = slots[place];
    const bool is_it = slot.number != kNoName && slot.outline == outline &&
                       (name.size() <= kAllOutlined || kExportNames[slot.number] == name);
    if (is_it || slot.number == kNoName) {
      return slot.number;
    }
  }
}

}  // namespace twinlog
