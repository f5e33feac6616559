#include "ledger/base/uuid.h"

#include <algorithm>

namespace twinlog {
namespace {

constexpr std::size_t kTimeBytes = 6;
constexpr UtcMicros kMicrosPerMillisecond = 1000;

std::uint64_t floor_milliseconds(UtcMicros micros) {
  const UtcMicros rest = ((micros % kMicrosPerMillisecond) + kMicrosPerMillisecond) % kMicrosPerMillisecond;
  return static_cast<std::uint64_t>((micros - rest) / kMicrosPerMillisecond);
}

}  // namespace

Uuid timed_uuid(UuidVersion version, UtcMicros time, const UuidTail& tail) {
  const std::uint64_t milliseconds = floor_milliseconds(time);
  Uuid uuid{};
  for (std::size_t i = 0; i < kTimeBytes; ++i) {
    uuid[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (kTimeBytes - 1 - i)));
  }
  std::copy(tail.begin(), tail.end(), uuid.begin() + kTimeBytes);
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0FU) | static_cast<unsigned>(version) << 4U);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3FU) | 0x80U);
  return uuid;
}

Uuid uuid_v7(UtcMicros time, Random& random) {
  UuidTail tail{};
  random.fill(tail);
  return timed_uuid(UuidVersion::k7, time, tail);
}

UtcMicros time_of_uuid_v7(const Uuid& uuid) {
  std::uint64_t milliseconds = 0;
  for (std::size_t i = 0; i < kTimeBytes; ++i) {
    milliseconds = milliseconds << 8U | uuid.at(i);
  }
  return static_cast<UtcMicros>(milliseconds) * kMicrosPerMillisecond;
}

}  // namespace twinlog
