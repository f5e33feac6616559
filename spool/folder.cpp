#include <rocksdb/env.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <vector>

#include "spool/aside.h"
#include "spool/database.h"
#include "spool/volume.h"

namespace twinlog {
namespace {

constexpr std::string_view kTableSuffix = ".sst";
constexpr std::string_view kLogSuffix = ".log";

namespace fs = std::filesystem;

/// Makes the folder's name durable, and those of the folders above it up to where the volume is mounted.
Status sync_names(rocksdb::Env& env, const fs::path& path) {
  for (fs::path folder = path; folder.has_relative_path() && !is_mount_point(folder); folder = folder.parent_path()) {
    std::unique_ptr<rocksdb::Directory> above;
    if (!env.NewDirectory(folder.parent_path().string(), &above).ok()) {
      return {};  // Not for this user to read: a folder that was there before the agent.
    }
    if (const rocksdb::Status synced = above->Fsync(); !synced.ok()) {
      return database_error("the new spool folder cannot be made durable", folder.string(), synced);
    }
  }
  return {};
}

struct Kept {
  std::uint64_t bytes = 0;
  std::uint64_t names = 0;       ///< Of the file, everywhere.
  std::uint64_t kept_names = 0;  ///< In the folders that were kept.
};

/// What taking the folders `damaged-*` away would free: what has a name elsewhere, as in the spool itself, would stay.
std::uint64_t bytes_kept(const fs::path& spool, const std::vector<std::string>& folders) {
  std::map<ino_t, Kept> files;
  std::error_code error;
  for (const std::string& folder : folders) {
    for (fs::recursive_directory_iterator at(spool / folder, error), end; !error && at != end; at.increment(error)) {
      struct stat found {};
      if (::lstat(at->path().c_str(), &found) == 0 && S_ISREG(found.st_mode)) {
        Kept& kept = files[found.st_ino];
        kept = {static_cast<std::uint64_t>(found.st_size), found.st_nlink, kept.kept_names + 1};
      }
    }
  }
  std::uint64_t bytes = 0;
  for (const auto& [number, kept] : files) {
    bytes += kept.kept_names >= kept.names ? kept.bytes : 0;
  }
  return bytes;
}

}  // namespace

Status create_folder(rocksdb::Env& env, const std::string& path) {
  std::error_code error;
  fs::path folder = fs::absolute(path, error).lexically_normal();
  if (!folder.has_filename()) {
    folder = folder.parent_path();
  }
  std::vector<fs::path> missing;
  for (fs::path each = folder; each.has_relative_path() && !env.FileExists(each.string()).ok();
       each = each.parent_path()) {
    missing.push_back(each);
  }
  for (auto each = missing.rbegin(); each != missing.rend(); ++each) {
    if (const rocksdb::Status made = env.CreateDirIfMissing(each->string()); !made.ok()) {
      return Error(ErrorKind::kRefused, "the spool folder " + each->string() + " cannot be created (" +
                                            made.ToString() + "); create it for the user that runs the agent");
    }
  }
  // Also of folders that are there: a start before this one may have been cut short between making and syncing them.
  return env.FileExists((folder / "CURRENT").string()).ok() ? Status() : sync_names(env, folder);
}

Result<Database::FolderBytes> Database::folder_bytes() const {
  std::vector<rocksdb::Env::FileAttributes> files;
  const rocksdb::Status status = setup_.env().GetChildrenFileAttributes(setup_.path(), &files);
  if (!status.ok()) {
    return database_error("the spool folder cannot be measured", setup_.path(), status);
  }
  FolderBytes bytes;
  std::vector<std::string> damaged;
  for (const rocksdb::Env::FileAttributes& file : files) {
    bytes.all += file.size_bytes;
    bytes.settled += file.name.ends_with(kTableSuffix) ? 0 : file.size_bytes;
    bytes.logs += file.name.ends_with(kLogSuffix) ? file.size_bytes : 0;
    if (file.name.starts_with(kDamagedPrefix)) {
      damaged.push_back(file.name);
    }
  }
  bytes.damaged = damaged.size();
  bytes.damaged_bytes = bytes_kept(setup_.path(), damaged);
  bytes.settled += live_table_bytes();
  return bytes;
}

}  // namespace twinlog
