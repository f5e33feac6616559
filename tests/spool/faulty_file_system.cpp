#include "tests/spool/faulty_file_system.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/spool/faulty_files.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// Without a slash at the end.
std::string plain(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal();
  return path.has_filename() ? path.string() : path.parent_path().string();
}

bool needs_room(Step step) {
  return step != Step::kRemove && step != Step::kFolderSync && step != Step::kRename;
}

}  // namespace

void FaultyEnv::SleepForMicroseconds(int microseconds) {
  constexpr int kMost = 1000;
  EnvWrapper::SleepForMicroseconds(std::min(microseconds, kMost));
}

FaultyFileSystem::FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void FaultyFileSystem::power_off_at(std::uint64_t step) {
  const std::lock_guard lock(mutex_);
  steps_until_off_ = step;
}

void FaultyFileSystem::fail(Step step, std::uint64_t count, const IOStatus& with) {
  const std::lock_guard lock(mutex_);
  failures_[step] = {count, with};
}

void FaultyFileSystem::operations_fail(Fault fault) {
  const std::lock_guard lock(mutex_);
  operation_fault_ = std::move(fault);
}

void FaultyFileSystem::reads_fail(Fault fault) {
  const std::lock_guard lock(mutex_);
  read_fault_ = std::move(fault);
}

void FaultyFileSystem::heal() {
  const std::lock_guard lock(mutex_);
  failures_.clear();
  operation_fault_ = {};
  read_fault_ = {};
}

bool FaultyFileSystem::Fault::is_due() {
  if (until > 0 && --until == 0) {
    has_begun = true;
    return true;
  }
  return has_begun && is_for_ever;
}

void FaultyFileSystem::flip(const std::string& file, std::uint64_t offset) {
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(static_cast<std::streamoff>(offset));
  const int byte = bytes.get();
  bytes.seekp(static_cast<std::streamoff>(offset));
  bytes.put(static_cast<char>(byte ^ 0x10));
  ASSERT_TRUE(bytes.flush().good()) << file << " at " << offset;
}

IOStatus FaultyFileSystem::take_step(Step step) {
  ++operations_;
  if (steps_until_off_ > 0 && --steps_until_off_ == 0) {
    is_off_ = true;
  }
  if (is_off_) {
    return IOStatus::IOError("the power is off");
  }
  const auto failure = failures_.find(step);
  if (failure != failures_.end() && failure->second.first > 0) {
    --failure->second.first;
    ++failed_;
    return failure->second.second;
  }
  if (operation_fault_.is_due() && (needs_room(step) || !operation_fault_.with.IsNoSpace())) {
    ++failed_;
    return operation_fault_.with;
  }
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::read(const std::function<IOStatus()>& read, rocksdb::Slice& result) {
  bool is_flipped = false;
  {
    const std::lock_guard lock(mutex_);
    ++reads_;
    if (read_fault_.is_due()) {
      ++failed_;
      is_flipped = read_fault_.with.ok();
      if (!is_flipped) {
        return read_fault_.with;
      }
    }
  }
  IOStatus status = read();
  bytes_read_ += result.size();
  if (is_flipped && status.ok() && !result.empty()) {
    constexpr std::uint64_t kAnywhere = 7919;
    // It lies in the reader's own buffer.
    const_cast<char*>(result.data())[(reads_ * kAnywhere) % result.size()] ^= 0x10;  // NOLINT(*-const-cast)
  }
  return status;
}

std::shared_ptr<DiskContent> FaultyFileSystem::content_of(const std::string& name) {
  struct stat found {};
  EXPECT_EQ(::stat(name.c_str(), &found), 0) << name;
  std::shared_ptr<DiskContent>& content = contents_[found.st_ino];
  if (!content) {
    content = std::make_shared<DiskContent>(name, anchors_.path(std::to_string(++next_anchor_)));
  }
  return content;
}

/// What is unchanged on the disk and has no name in doubt.
void FaultyFileSystem::forget_what_is_settled() {
  std::erase_if(contents_, [](const auto& each) { return each.second.use_count() == 1 && each.second->is_settled(); });
}

IOStatus FaultyFileSystem::write(DiskContent& content, const Part& part,
                                 const std::function<IOStatus(std::size_t)>& write) {
  const std::lock_guard lock(mutex_);
  const IOStatus allowed = take_step(Step::kAppend);
  const std::uint64_t bytes = allowed.ok() ? part.bytes : part.bytes / 2;
  content.will_write(part.offset, bytes);
  IOStatus status = write(bytes);
  return allowed.ok() ? status : allowed;
}

IOStatus FaultyFileSystem::sync(DiskContent& content) {
  const std::lock_guard lock(mutex_);
  IOStatus allowed = take_step(Step::kSync);
  if (allowed.ok()) {
    content.synced();
  } else if (!is_off_) {
    content.sync_failed(after_failed_sync_);
  }
  return allowed;
}

IOStatus FaultyFileSystem::sync_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  IOStatus allowed = take_step(Step::kFolderSync);
  if (allowed.ok()) {
    synced_folders_.insert(plain(folder));
    names_.folder_synced(plain(folder));
    forget_what_is_settled();
  }
  return allowed;
}

bool FaultyFileSystem::folder_was_synced(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  return synced_folders_.contains(plain(folder));
}

void FaultyFileSystem::crash(std::optional<std::uint64_t> seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed.value_or(0));
  for (const auto& [inode, content] : contents_) {
    content->lose_power(seed ? &random : nullptr);
  }
  names_.lose_power(seed ? &random : nullptr);
  contents_.clear();
  failures_.clear();
  operation_fault_ = {};
  read_fault_ = {};
  steps_until_off_ = 0;
  is_off_ = false;
}

// NOLINTBEGIN(readability-function-size): RocksDB's parameters.
IOStatus FaultyFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = take_step(Step::kCreate);
  if (!status.ok()) {
    return status;
  }
  const bool is_new = !fs::exists(name);
  if (!is_new) {
    content_of(name)->will_truncate();
  }
  status = target()->NewWritableFile(name, options, result, debug);
  if (status.ok()) {
    *result = faulty(std::move(*result), content_of(name), *this);
  }
  if (status.ok() && is_new) {
    names_.created(plain(name));
  }
  return status;
}

IOStatus FaultyFileSystem::NewRandomRWFile(const std::string& name, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSRandomRWFile>* result, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = target()->NewRandomRWFile(name, options, result, debug);  // It makes no file.
  if (status.ok()) {
    *result = faulty(std::move(*result), content_of(name), *this);
  }
  return status;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                               IODebugContext* debug) {
  IOStatus status = target()->NewRandomAccessFile(name, options, result, debug);
  if (status.ok()) {
    *result = faulty(std::move(*result), *this);
  }
  return status;
}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                             IODebugContext* debug) {
  IOStatus status = target()->NewSequentialFile(name, options, result, debug);
  if (status.ok()) {
    *result = faulty(std::move(*result), *this);
  }
  return status;
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(name, options, result, debug);
  if (status.ok()) {
    *result = faulty(std::move(*result), name, *this);
  }
  return status;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                      IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = take_step(Step::kRename);
  if (!status.ok()) {
    return status;
  }
  const bool is_within_one = fs::path(plain(from)).parent_path() == fs::path(plain(to)).parent_path();
  std::shared_ptr<DiskContent> moved = is_within_one ? nullptr : content_of(from);
  std::shared_ptr<DiskContent> replaced = fs::is_regular_file(to) ? content_of(to) : nullptr;
  status = target()->RenameFile(from, to, options, debug);
  if (status.ok() && is_within_one) {
    names_.renamed(plain(from), plain(to), std::move(replaced));
  } else if (status.ok()) {  // Each folder's part of it becomes durable with that folder.
    names_.created(plain(to));
    names_.removed(plain(from), std::move(moved));
  }
  return status;
}

IOStatus FaultyFileSystem::LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                                    IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = take_step(Step::kLink);
  status = status.ok() ? target()->LinkFile(from, to, options, debug) : status;
  if (status.ok()) {
    names_.created(plain(to));
  }
  return status;
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = take_step(Step::kRemove);
  if (!status.ok()) {
    return status;
  }
  std::shared_ptr<DiskContent> content = fs::is_regular_file(name) ? content_of(name) : nullptr;
  status = target()->DeleteFile(name, options, debug);
  if (status.ok()) {
    names_.removed(plain(name), std::move(content));
  }
  return status;
}

IOStatus FaultyFileSystem::CreateDir(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = take_step(Step::kMakeFolder);
  status = status.ok() ? target()->CreateDir(name, options, debug) : status;
  if (status.ok()) {
    names_.made_folder(plain(name));
  }
  return status;
}

IOStatus FaultyFileSystem::CreateDirIfMissing(const std::string& name, const IOOptions& options,
                                              IODebugContext* debug) {
  return fs::is_directory(name) ? IOStatus::OK() : CreateDir(name, options, debug);
}

IOStatus FaultyFileSystem::DeleteDir(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  IOStatus status = take_step(Step::kRemove);
  status = status.ok() ? target()->DeleteDir(name, options, debug) : status;
  if (status.ok()) {
    names_.removed_folder(plain(name));
  }
  return status;
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* free,
                                        IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (operation_fault_.has_begun && operation_fault_.is_for_ever && operation_fault_.with.IsNoSpace()) {
    *free = 0;
    return IOStatus::OK();
  }
  if (free_bytes_) {
    *free = *free_bytes_;
    return IOStatus::OK();
  }
  return FileSystemWrapper::GetFreeSpace(path, options, free, debug);
}
// NOLINTEND(readability-function-size)

}  // namespace twinlog::testing
