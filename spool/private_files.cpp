#include "spool/private_files.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace twinlog {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kOfOthers = 0077;

std::string mode_text(mode_t mode) {
  std::string text = "0000";
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, mode >>= 3U) {
    *digit = static_cast<char>('0' + (mode & 7U));
  }
  return text;
}

Error open_to_others(const std::string& folder, const std::string& what, const struct stat& found) {
  return {ErrorKind::kRefused, what + " is open to others (mode " + mode_text(found.st_mode & 07777) + ", owner uid " +
                                   std::to_string(found.st_uid) + ") and this user (uid " + std::to_string(geteuid()) +
                                   ") cannot change that; a spool holds personal data: make the folder this user's "
                                   "own, or set spool.path to a folder in it that the agent makes itself, such as " +
                                   folder + "/spool"};
}

bool may_change(const struct stat& found) {
  return geteuid() == 0 || found.st_uid == geteuid();
}

/// The folder is closed to others already: this is for the day when somebody opens it. So a file system that cannot do
/// it costs no event.
template <typename AnyStatus>
AnyStatus narrowed(const std::string& name, AnyStatus made, mode_t mode = kFileMode) {
  if (made.ok()) {
    static_cast<void>(::chmod(name.c_str(), mode));
  }
  return made;
}

class PrivateFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using rocksdb::FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "PrivateFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    return narrowed(name, FileSystemWrapper::NewWritableFile(name, options, result, debug));
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override {
    return narrowed(name, FileSystemWrapper::ReopenWritableFile(name, options, result, debug));
  }
  rocksdb::IOStatus NewRandomRWFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    return narrowed(name, FileSystemWrapper::NewRandomRWFile(name, options, result, debug));
  }
  rocksdb::IOStatus LockFile(const std::string& name, const rocksdb::IOOptions& options, rocksdb::FileLock** lock,
                             rocksdb::IODebugContext* debug) override {
    return narrowed(name, FileSystemWrapper::LockFile(name, options, lock, debug));
  }
};

/// What is asked of the Env itself goes to the one that it wraps; RocksDB asks the file system.
class PrivateEnv final : public rocksdb::EnvWrapper {
 public:
  PrivateEnv(rocksdb::Env& env, const std::shared_ptr<rocksdb::FileSystem>& files) : EnvWrapper(&env) {
    file_system_ = std::make_shared<PrivateFileSystem>(files);
  }
  rocksdb::Status NewWritableFile(const std::string& name, std::unique_ptr<rocksdb::WritableFile>* result,
                                  const rocksdb::EnvOptions& options) override {
    return narrowed(name, EnvWrapper::NewWritableFile(name, result, options));
  }
  rocksdb::Status CreateDir(const std::string& name) override {
    return narrowed(name, EnvWrapper::CreateDir(name), kFolderMode);
  }
  rocksdb::Status CreateDirIfMissing(const std::string& name) override {
    const bool is_new = EnvWrapper::FileExists(name).IsNotFound();
    rocksdb::Status made = EnvWrapper::CreateDirIfMissing(name);
    return is_new ? narrowed(name, std::move(made), kFolderMode) : made;
  }
};

Status narrow(const std::string& folder, const std::string& what, const std::string& path, mode_t mode) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) ||
      (found.st_mode & kOfOthers) == 0) {
    return {};
  }
  if (::chmod(path.c_str(), mode) == 0 || errno == EROFS) {
    return {};
  }
  return open_to_others(folder, what, found);
}

}  // namespace

std::unique_ptr<rocksdb::Env> make_private_env(rocksdb::Env& env, const std::shared_ptr<rocksdb::FileSystem>& files) {
  return std::make_unique<PrivateEnv>(env, files);
}

Status can_be_private(const std::string& folder) {
  struct stat found {};
  const bool is_open = ::stat(folder.c_str(), &found) == 0 && (found.st_mode & kOfOthers) != 0;
  return is_open && !may_change(found) ? Status(open_to_others(folder, "the spool folder " + folder, found)) : Status();
}

Status make_private(const std::string& folder) {
  const std::string real = std::filesystem::path(folder).lexically_normal().string() + "/.";  // Through a symlink.
  if (Status narrowed = narrow(folder, "the spool folder " + folder, real, kFolderMode); !narrowed) {
    return narrowed;
  }
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (!file.is_regular_file(error)) {
      continue;
    }
    if (Status narrowed = narrow(folder, "the file " + file.path().string(), file.path().string(), kFileMode);
        !narrowed) {
      return narrowed;
    }
  }
  return {};
}

}  // namespace twinlog
