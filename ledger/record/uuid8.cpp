#include "ledger/record/uuid8.h"

#include <algorithm>

namespace twinlog {
namespace {

constexpr std::size_t kTimeBytes = 6;
constexpr UtcMicros kMicrosPerMillisecond = 1000;

std::uint64_t floor_milliseconds(UtcMicros micros) {
  const UtcMicros rounded_down =
      micros - ((micros % kMicrosPerMillisecond) + kMicrosPerMillisecond) % kMicrosPerMillisecond;
  return static_cast<std::uint64_t>(rounded_down / kMicrosPerMillisecond);
}

}  // namespace

std::string generated_log_id(std::string_view key, UtcMicros occurred_at, std::string_view content,
                             std::uint64_t running_number) {
  std::string message(content);
  put_u64(message, running_number);
  const Digest tag = hmac_sha256(key, message);
  const std::uint64_t milliseconds = floor_milliseconds(occurred_at);
  Uuid uuid{};
  for (std::size_t i = 0; i < kTimeBytes; ++i) {
    uuid[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (kTimeBytes - 1 - i)));
  }
  std::copy_n(tag.begin(), uuid.size() - kTimeBytes, uuid.begin() + kTimeBytes);
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0FU) | 0x80U);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3FU) | 0x80U);
  return uuid_text(uuid);
}

}  // namespace twinlog
