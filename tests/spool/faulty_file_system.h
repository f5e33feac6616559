// A fake disk for faults that a real one cannot be asked for. It lies on the real file system and keeps apart what was
// synced: when the power goes off the rest is lost, in parts, contents (disk_content.h) and names (disk_names.h)
// alike. Syncs reach no real disk.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "tests/spool/disk_content.h"
#include "tests/spool/disk_names.h"
#include "tests/support/temp_folder.h"

namespace twinlog::testing {

/// What an operation is: each is counted, and each can be the one that fails. A kRemove takes away a file or a folder.
enum class Step : std::uint8_t { kCreate, kAppend, kSync, kFolderSync, kRename, kRemove, kLink, kMakeFolder };

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem();
  const char* Name() const override { return "FaultyFileSystem"; }

  /// The power goes off at the `step`-th operation from now (1: the next one): it and everything after it fails.
  void power_off_at(std::uint64_t step);
  bool is_off() const { return is_off_; }
  /// After every user of the files is gone: takes away what was not synced, and turns the power on again. With a seed:
  /// parts of it, which the disk may have written.
  void crash(std::optional<std::uint64_t> seed = std::nullopt);

  /// The next `count` operations of this kind fail, without effect (a failed write is half done).
  void fail(Step step, std::uint64_t count, const rocksdb::IOStatus& with);
  /// The `n`-th operation from now fails (1: the next one), once; or it and all after it until heal(). Without space
  /// only those fail that need some, and GetFreeSpace says so.
  void fail_at(std::uint64_t n, const rocksdb::IOStatus& with) { operations_fail({n, false, with}); }
  void fail_from(std::uint64_t n, const rocksdb::IOStatus& with) { operations_fail({n, true, with}); }
  /// The same for what is read.
  void fail_reads_at(std::uint64_t n, const rocksdb::IOStatus& with) { reads_fail({n, false, with}); }
  void fail_reads_from(std::uint64_t n, const rocksdb::IOStatus& with) { reads_fail({n, true, with}); }
  /// The `n`-th reading from now gives one bit wrong, though the file is whole.
  void flip_read_at(std::uint64_t n) { reads_fail({n, false, rocksdb::IOStatus::OK()}); }
  /// Nothing fails any more.
  void heal();
  void set_after_failed_sync(DiskContent::AfterFailure after) { after_failed_sync_ = after; }
  /// The file is read with one bit wrong from now on, under all its names.
  static void flip(const std::string& file, std::uint64_t offset);

  /// What GetFreeSpace answers; nothing: what the real file system says.
  void set_free_bytes(std::optional<std::uint64_t> bytes) { free_bytes_ = bytes; }

  std::uint64_t operations() const { return operations_; }
  std::uint64_t failed() const { return failed_; }  ///< Operations and reads that were made to fail.
  std::uint64_t reads() const { return reads_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  bool folder_was_synced(const std::string& folder);

  // NOLINTBEGIN(readability-function-size): RocksDB's parameters.
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomRWFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
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
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& name, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& name, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteDir(const std::string& name, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* free,
                                 rocksdb::IODebugContext* debug) override;
  // NOLINTEND(readability-function-size)

  // For the files it hands out.
  struct Part {
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  /// `write` writes so many of the part's bytes.
  rocksdb::IOStatus write(DiskContent& content, const Part& part,
                          const std::function<rocksdb::IOStatus(std::size_t)>& write);
  rocksdb::IOStatus sync(DiskContent& content);
  rocksdb::IOStatus sync_folder(const std::string& folder);
  rocksdb::IOStatus read(const std::function<rocksdb::IOStatus()>& read, rocksdb::Slice& result);

 private:
  /// Counts down to the one that fails.
  struct Fault {
    std::uint64_t until = 0;  ///< 0: none.
    bool is_for_ever = false;
    rocksdb::IOStatus with;
    bool is_due();
    bool has_begun = false;
  };
  void operations_fail(Fault fault);
  void reads_fail(Fault fault);
  rocksdb::IOStatus take_step(Step step);
  std::shared_ptr<DiskContent> content_of(const std::string& name);
  void forget_what_is_settled();

  const TempFolder anchors_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<DiskContent>> contents_;  ///< By inode.
  std::uint64_t next_anchor_ = 0;
  DiskNames names_;
  std::set<std::string> synced_folders_;
  std::uint64_t steps_until_off_ = 0;  ///< 0: never.
  std::map<Step, std::pair<std::uint64_t, rocksdb::IOStatus>> failures_;
  Fault operation_fault_;
  Fault read_fault_;
  DiskContent::AfterFailure after_failed_sync_ = DiskContent::AfterFailure::kStillRead;
  std::optional<std::uint64_t> free_bytes_;
  std::atomic<bool> is_off_ = false;
  std::atomic<std::uint64_t> operations_ = 0;
  std::atomic<std::uint64_t> reads_ = 0;
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
