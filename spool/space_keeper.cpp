#include "spool/space_keeper.h"

#include <algorithm>

namespace twinlog {
namespace {

/// A spool counts as full when it would refuse a login event with every field filled and some metadata.
constexpr std::uint64_t kLargeEventBytes = 32U << 10U;

constexpr std::int64_t kNotFilling = -1;
constexpr std::int64_t kNotKnown = -1;

}  // namespace

SpaceKeeper::SpaceKeeper(const DatabaseSetup& setup, std::uint64_t max_bytes)
    : sizes_(setup.sizes()),
      max_bytes_(max_bytes),
      volume_(setup.env(), setup.path(), sizes_.ballast),
      limit_(max_bytes),
      full_in_seconds_(kNotFilling),
      free_bytes_(kNotKnown) {
  look_at_volume();
}

Room SpaceKeeper::room() const {
  if (!volume_.has_ballast()) {
    return {0, 0, 1};  // Over its limit: also short, so that trimming does not wait.
  }
  const std::uint64_t all = disk_bytes_;
  const std::uint64_t used = std::max<std::uint64_t>(settled_bytes_, all - std::min(all, sizes_.reserve));
  return {limit_, sizes_.reserve, used};
}

void SpaceKeeper::wrote(std::uint64_t bytes) {
  disk_bytes_ += bytes;
  settled_bytes_ += bytes;
}

void SpaceKeeper::tell(SpoolStats& stats) const {
  stats.disk_bytes = disk_bytes_;
  stats.max_bytes = max_bytes_;
  stats.is_full = !room().takes(EventRole::kFailed, kLargeEventBytes);
  stats.takes_only_base_types = !room().takes(EventRole::kOther, kLargeEventBytes);
  stats.limit_bytes = limit_;
  stats.reserve_bytes = sizes_.reserve;
  stats.has_ballast = volume_.has_ballast();
  stats.damaged_copies = damaged_copies_;
  stats.damaged_bytes = damaged_bytes_;
  no_ballast_.tell(stats);
  if (const std::int64_t bytes = free_bytes_; bytes != kNotKnown) {
    stats.volume_free_bytes = static_cast<std::uint64_t>(bytes);
  }
  if (const std::int64_t seconds = full_in_seconds_; seconds != kNotFilling) {
    stats.full_in = std::chrono::seconds{seconds};
  }
}

void SpaceKeeper::look_at_volume() {
  const std::optional<std::uint64_t> free = volume_.free_bytes();
  free_bytes_ = free ? static_cast<std::int64_t>(*free) : kNotKnown;
}

Status SpaceKeeper::measure(const Database& database, std::chrono::steady_clock::time_point now) {
  const Result<Database::FolderBytes> bytes = database.folder_bytes();
  if (!bytes) {
    return bytes.error();
  }
  disk_bytes_ = bytes->all;
  settled_bytes_ = bytes->settled;
  damaged_copies_ = bytes->damaged;
  damaged_bytes_ = bytes->damaged_bytes;
  const std::optional<std::uint64_t> free = volume_.free_bytes();
  limit_ = free ? std::min(max_bytes_, bytes->all + *free) : max_bytes_;
  fill_rate_.note(now, bytes->all);
  const auto full_in = fill_rate_.until(limit_ - std::min<std::uint64_t>(limit_, sizes_.reserve));
  full_in_seconds_ = full_in ? full_in->count() : kNotFilling;
  return {};
}

void SpaceKeeper::take_ballast(std::chrono::steady_clock::time_point now) {
  if (const Status taken = volume_.take_ballast(now); !taken) {
    no_ballast_.note(taken.error());
  } else {
    no_ballast_.clear();
  }
}

bool SpaceKeeper::make_room_to_reopen(const Database& database) {
  const Result<Database::FolderBytes> bytes = database.folder_bytes();
  // Logs are replayed into tables, beside a new manifest and a new log.
  const std::uint64_t needed = (bytes ? bytes->logs : sizes_.all_logs) + sizes_.manifest + sizes_.write_buffer;
  if (!volume_.can_give(needed)) {
    return false;
  }
  volume_.make_room_for(needed);
  return true;
}

}  // namespace twinlog
