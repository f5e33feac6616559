#include "spool/sizes.h"

#include <algorithm>
#include <string>

namespace twinlog {
namespace {

constexpr std::uint64_t kSmallestWriteBuffer = 64U << 10U;  // RocksDB's own floor.
constexpr std::uint64_t kMebibyte = 1U << 20U;

}  // namespace

SpoolSizes sizes_for(const RocksSpoolSettings& settings) {
  SpoolSizes sizes;
  const std::uint64_t max_bytes = settings.max_bytes;
  sizes.write_buffer =
      std::max(kSmallestWriteBuffer, std::min<std::uint64_t>(settings.write_buffer_bytes, max_bytes / 256));
  sizes.all_write_buffers = 4 * sizes.write_buffer;
  sizes.block_cache = settings.block_cache_bytes;
  sizes.all_logs = 4 * sizes.write_buffer;
  sizes.id_table = std::max<std::uint64_t>(kSmallestWriteBuffer, sizes.write_buffer / 2);
  sizes.id_level = 4 * sizes.write_buffer;
  sizes.manifest = std::clamp<std::uint64_t>(max_bytes / 256, kSmallestWriteBuffer, 4 * kMebibyte);
  sizes.ballast = sizes.all_logs + sizes.manifest + sizes.write_buffer;
  sizes.reserve = max_bytes / 20;
  return sizes;
}

bool Room::takes(EventRole role, std::uint64_t bytes) const {
  const std::uint64_t after = used_ + bytes;
  if (role == EventRole::kOther && after > max_bytes_ - max_bytes_ / 10) {
    return false;
  }
  return after + reserve_ <= max_bytes_;
}

bool Room::is_short() const {
  return used_ > max_bytes_ - max_bytes_ / 5;
}

Status check_settings(const RocksSpoolSettings& settings) {
  if (settings.max_bytes < kSmallestMaxBytes) {
    return Error(ErrorKind::kInvalid, "spool.max_bytes is " + std::to_string(settings.max_bytes) +
                                          "; the smallest spool takes " + std::to_string(kSmallestMaxBytes) + " bytes");
  }
  if (settings.stores.empty()) {
    return Error(ErrorKind::kInvalid, "the spool has no store to wait for; enable at least one");
  }
  return {};
}

}  // namespace twinlog
