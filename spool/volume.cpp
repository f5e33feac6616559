#include "spool/volume.h"

#include <rocksdb/env.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string_view>
#include <system_error>
#include <vector>

#include "spool/database.h"

namespace twinlog {
namespace {

constexpr std::string_view kBallastName = "ballast";
constexpr std::uint64_t kPieceBytes = 1U << 20U;

constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;  // Odd, so that no sum of it comes again.

/// Bytes that no file system can make smaller, nor take for another file's: zeros take no room where it compresses, the
/// same bytes again none where it keeps equal blocks once. Random ones for one piece; the next piece is their sums with
/// kStep, for a first start should not wait for random numbers.
rocksdb::Status write_noise(rocksdb::Env& env, const std::string& name, std::uint64_t bytes) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.NewWritableFile(name, &file, rocksdb::EnvOptions());
  std::mt19937_64 noise{(std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}()};
  std::vector<std::uint64_t> piece((std::min(kPieceBytes, bytes) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
  std::ranges::generate(piece, noise);
  for (std::uint64_t written = 0; status.ok() && written < bytes; written += kPieceBytes) {
    std::ranges::for_each(piece, [](std::uint64_t& word) { word += kStep; });
    status = file->Append(rocksdb::Slice(reinterpret_cast<const char*>(piece.data()),  // NOLINT: bytes to a file.
                                         std::min<std::uint64_t>(kPieceBytes, bytes - written)));
  }
  // A file system may take bytes that it has no room for until they are flushed.
  if (status.ok()) {
    status = file->Flush();
  }
  if (status.ok()) {
    status = file->Sync();
  }
  return status.ok() ? file->Close() : status;
}

}  // namespace

bool is_mount_point(const std::filesystem::path& folder) {
  struct stat here {};
  struct stat above {};
  return ::stat(folder.c_str(), &here) != 0 || ::stat(folder.parent_path().c_str(), &above) != 0 ||
         here.st_dev != above.st_dev;
}

std::optional<std::uint64_t> volume_capacity(const std::string& path) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::absolute(path, error);
  while (!folder.empty() && folder != folder.root_path() && !std::filesystem::exists(folder, error)) {
    folder = folder.parent_path();
  }
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error || space.capacity == 0) {
    return std::nullopt;
  }
  return space.capacity;
}

Volume::Volume(rocksdb::Env& env, const std::string& folder, std::uint64_t ballast_bytes)
    : env_(env),
      folder_(folder),
      ballast_file_(folder + "/" + std::string(kBallastName)),
      ballast_bytes_(ballast_bytes) {
  std::uint64_t size = 0;
  has_ballast_ = env_.GetFileSize(ballast_file_, &size).ok() && size >= ballast_bytes_;
  if (!has_ballast_) {
    drop_ballast();
  }
}

std::optional<std::uint64_t> Volume::free_bytes() const {
  std::uint64_t bytes = 0;
  return env_.GetFreeSpace(folder_, &bytes).ok() ? std::optional(bytes) : std::nullopt;
}

Status Volume::take_ballast(std::chrono::steady_clock::time_point now) {
  if (has_ballast_) {
    return {};
  }
  if (const std::optional<std::uint64_t> free = free_bytes(); free && *free < 2 * ballast_bytes_) {
    return Error(ErrorKind::kFull, "the volume of the spool in " + folder_ + " has " + std::to_string(*free) +
                                       " bytes left and nothing is taken below " + std::to_string(2 * ballast_bytes_) +
                                       "; make room on the volume");
  }
  if (now < next_try_) {
    return written_;
  }
  const rocksdb::Status status = write_noise(env_, ballast_file_, ballast_bytes_);
  has_ballast_ = status.ok();
  if (has_ballast_) {
    wait_ = {};
    return {};
  }
  drop_ballast();
  // Megabytes each second would take the disk from what still goes out.
  wait_ = std::clamp(2 * wait_, std::chrono::seconds{1}, kLongestWait);
  next_try_ = now + wait_;
  written_ = database_error("room for opening the spool again cannot be kept, so nothing is taken", folder_, status);
  return written_;
}

void Volume::drop_ballast() {
  has_ballast_ = false;
  env_.DeleteFile(ballast_file_).PermitUncheckedError();  // Where it stays, the next look at what is free tells.
}

bool Volume::can_give(std::uint64_t bytes) const {
  const std::optional<std::uint64_t> free = free_bytes();
  return !free || *free + (has_ballast_ ? ballast_bytes_ : 0) >= bytes;
}

void Volume::make_room_for(std::uint64_t bytes) {
  const std::optional<std::uint64_t> free = free_bytes();
  if (has_ballast_ && free && *free < bytes) {
    drop_ballast();
  }
}

}  // namespace twinlog
