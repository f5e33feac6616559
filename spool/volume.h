// The volume that a spool's folder lies on, which others may fill: what is left there, and a ballast that goes
// overboard when nothing is left, so that a database that has to be opened again finds room for what it replays.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "ledger/base/result.h"

namespace rocksdb {
class Env;
}

namespace twinlog {

/// The size of the file system under `path`, or under its nearest parent that exists; nothing where it cannot be told.
std::optional<std::uint64_t> volume_capacity(const std::string& path);

/// Or its kind cannot be told.
bool is_mount_point(const std::filesystem::path& folder);

/// The ballast is a file of noise in the folder, never read. Threads: has_ballast() from any; the rest from one at a
/// time.
class Volume {
 public:
  static constexpr std::chrono::seconds kLongestWait{32};

  /// Removes a ballast that is too small.
  Volume(rocksdb::Env& env, const std::string& folder, std::uint64_t ballast_bytes);

  /// What the file system would still give; nothing where it cannot be told.
  std::optional<std::uint64_t> free_bytes() const;
  bool has_ballast() const { return has_ballast_; }

  /// Takes the ballast on board where it is missing and the volume has room for it twice. Errors: kFull without that
  /// room; else what writing it met, which is then tried again after a second, two, four, ... kLongestWait.
  Status take_ballast(std::chrono::steady_clock::time_point now);
  void drop_ballast();
  /// Whether `bytes` can be written, with the ballast gone if need be.
  bool can_give(std::uint64_t bytes) const;
  /// Drops the ballast if `bytes` need its room.
  void make_room_for(std::uint64_t bytes);

 private:
  rocksdb::Env& env_;
  const std::string folder_;
  const std::string ballast_file_;
  const std::uint64_t ballast_bytes_;
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::seconds wait_{0};
  Status written_;  ///< How the last try ended.
  std::atomic<bool> has_ballast_;
};

}  // namespace twinlog
