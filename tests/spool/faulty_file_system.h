// A fake disk for faults that a real one cannot be asked for. It lies on the real file system and keeps apart what was
// synced: crash() throws the rest away, contents, new names and renames alike. Syncs reach no real disk.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace twinlog::testing {

/// What a step is: each is counted, and each can be the one that fails.
enum class Step : std::uint8_t { kCreate, kAppend, kSync, kFolderSync, kRename };

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem();
  const char* Name() const override { return "FaultyFileSystem"; }

  /// The power goes off at the `step`-th step from now (1: the next one): it and everything after it fails.
  void power_off_at(std::uint64_t step);
  bool is_off() const { return is_off_; }
  /// After every user of the files is gone: drops what was not synced, but for `survivors` of each file's unsynced
  /// bytes in 256 parts (a disk may have written some of them), and turns the power on again.
  void crash(unsigned survivors);

  /// The next `count` steps of this kind fail, without effect (a failed append is half written).
  void fail(Step step, std::uint64_t count, const rocksdb::IOStatus& with);
  std::uint64_t failed() const { return failed_; }

  /// What GetFreeSpace answers; nothing: what the real file system says.
  void set_free_bytes(std::optional<std::uint64_t> bytes) { free_bytes_ = bytes; }

  std::uint64_t steps() const { return steps_; }
  bool folder_was_synced(const std::string& folder);
  std::uint64_t bytes_read() const { return bytes_read_; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* free,
                                 rocksdb::IODebugContext* debug) override;

  // For the files it hands out.
  rocksdb::IOStatus take_step(Step step);
  void appended(const std::string& name, std::uint64_t bytes);
  void synced(const std::string& name);
  void folder_synced(const std::string& folder);
  void was_read(std::uint64_t bytes) { bytes_read_ += bytes; }

 private:
  struct File {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };
  std::mutex mutex_;
  std::map<std::string, File> files_;
  /// Names not yet durable, with what stood under them before (nothing: no file).
  std::map<std::string, std::optional<std::string>> new_names_;
  std::set<std::string> synced_folders_;
  std::uint64_t steps_until_off_ = 0;  ///< 0: never.
  std::map<Step, std::pair<std::uint64_t, rocksdb::IOStatus>> failures_;
  std::optional<std::uint64_t> free_bytes_;
  std::atomic<bool> is_off_ = false;
  std::atomic<std::uint64_t> steps_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> bytes_read_ = 0;
};

/// The Env that RocksDB takes. RocksDB sleeps a second after a background error; here nobody waits for that.
class FaultyEnv final : public rocksdb::EnvWrapper {
 public:
  explicit FaultyEnv(const std::shared_ptr<FaultyFileSystem>& files) : EnvWrapper(rocksdb::NewCompositeEnv(files)) {}
  void SleepForMicroseconds(int microseconds) override;
};

/// A FaultyFileSystem with its Env.
struct FaultyDisk {
  std::shared_ptr<FaultyFileSystem> files = std::make_shared<FaultyFileSystem>();
  std::unique_ptr<rocksdb::Env> env = std::make_unique<FaultyEnv>(files);
};

}  // namespace twinlog::testing
