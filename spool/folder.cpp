#include <rocksdb/env.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "spool/database.h"

namespace twinlog {
namespace {

constexpr std::string_view kTableSuffix = ".sst";
constexpr std::string_view kLogSuffix = ".log";

Status make_one(rocksdb::Env& env, const std::filesystem::path& folder) {
  if (const rocksdb::Status made = env.CreateDirIfMissing(folder.string()); !made.ok()) {
    return Error(ErrorKind::kRefused, "the spool folder " + folder.string() + " cannot be created (" + made.ToString() +
                                          "); create it for the user that runs the agent");
  }
  std::unique_ptr<rocksdb::Directory> parent;
  const std::filesystem::path above = folder.parent_path();
  rocksdb::Status status = env.NewDirectory(above.empty() ? "." : above.string(), &parent);
  if (status.ok()) {
    status = parent->Fsync();
  }
  if (!status.ok()) {
    return database_error("the new spool folder cannot be made durable", folder.string(), status);
  }
  return {};
}

}  // namespace

Status create_folder(rocksdb::Env& env, const std::string& path) {
  std::vector<std::filesystem::path> missing;
  std::filesystem::path folder = std::filesystem::path(path).lexically_normal();
  if (!folder.has_filename()) {
    folder = folder.parent_path();
  }
  while (!folder.empty() && !env.FileExists(folder.string()).ok()) {
    missing.push_back(folder);
    folder = folder.parent_path();
  }
  for (auto each = missing.rbegin(); each != missing.rend(); ++each) {
    Status made = make_one(env, *each);
    if (!made) {
      return made;
    }
  }
  return {};
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
  }
  bytes.settled += live_table_bytes();
  return bytes;
}

}  // namespace twinlog
