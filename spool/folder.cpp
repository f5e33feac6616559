#include <rocksdb/env.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "spool/aside.h"
#include "spool/database.h"

namespace twinlog {
namespace {

constexpr std::string_view kTableSuffix = ".sst";
constexpr std::string_view kLogSuffix = ".log";

namespace fs = std::filesystem;

bool is_mount_point(const fs::path& folder) {
  struct stat here {};
  struct stat above {};
  return ::stat(folder.c_str(), &here) != 0 || ::stat(folder.parent_path().c_str(), &above) != 0 ||
         here.st_dev != above.st_dev;
}

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
  for (const rocksdb::Env::FileAttributes& file : files) {
    bytes.all += file.size_bytes;
    bytes.settled += file.name.ends_with(kTableSuffix) ? 0 : file.size_bytes;
    bytes.logs += file.name.ends_with(kLogSuffix) ? file.size_bytes : 0;
    bytes.damaged += file.name.starts_with(kDamagedPrefix) ? 1U : 0U;
  }
  bytes.settled += live_table_bytes();
  return bytes;
}

}  // namespace twinlog
