#include "tests/spool/faulty_file_system.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace twinlog::testing {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::string content_of(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Without a slash at the end.
std::string plain(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  return path.has_filename() ? path.string() : path.parent_path().string();
}

class WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(std::unique_ptr<rocksdb::FSWritableFile> target, std::string name, FaultyFileSystem& disk)
      : FSWritableFileOwnerWrapper(std::move(target)), name_(std::move(name)), disk_(disk) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus allowed = disk_.take_step(Step::kAppend);
    const Slice part(data.data(), allowed.ok() ? data.size() : data.size() / 2);
    IOStatus status = target()->Append(part, options, debug);
    if (status.ok()) {
      disk_.appended(name_, part.size());
    }
    return allowed.ok() ? status : allowed;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& /*info*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    IOStatus allowed = disk_.take_step(Step::kSync);
    if (allowed.ok()) {
      disk_.synced(name_);
    }
    return allowed;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  IOStatus RangeSync(std::uint64_t /*offset*/, std::uint64_t /*bytes*/, const IOOptions& /*options*/,
                     IODebugContext* /*debug*/) override {
    return IOStatus::OK();  // Promises nothing.
  }

 private:
  std::string name_;
  FaultyFileSystem& disk_;
};

class Folder final : public rocksdb::FSDirectoryWrapper {
 public:
  Folder(std::unique_ptr<rocksdb::FSDirectory> target, std::string name, FaultyFileSystem& disk)
      : FSDirectoryWrapper(std::move(target)), name_(std::move(name)), disk_(disk) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    IOStatus allowed = disk_.take_step(Step::kFolderSync);
    if (allowed.ok()) {
      disk_.folder_synced(name_);
    }
    return allowed;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*why*/) override {
    return Fsync(options, debug);
  }

 private:
  std::string name_;
  FaultyFileSystem& disk_;
};

class ReadableFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadableFile(std::unique_ptr<rocksdb::FSRandomAccessFile> target, FaultyFileSystem& disk)
      : FSRandomAccessFileOwnerWrapper(std::move(target)), disk_(disk) {}
  // NOLINTNEXTLINE(readability-function-size): RocksDB's parameters.
  IOStatus Read(std::uint64_t offset, std::size_t bytes, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    disk_.was_read(bytes);
    return target()->Read(offset, bytes, options, result, scratch, debug);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    for (std::size_t i = 0; i < count; ++i) {
      disk_.was_read(requests[i].len);
    }
    return target()->MultiRead(requests, count, options, debug);
  }

 private:
  FaultyFileSystem& disk_;
};

class SequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  SequentialFile(std::unique_ptr<rocksdb::FSSequentialFile> target, FaultyFileSystem& disk)
      : FSSequentialFileOwnerWrapper(std::move(target)), disk_(disk) {}
  IOStatus Read(std::size_t bytes, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    IOStatus status = target()->Read(bytes, options, result, scratch, debug);
    disk_.was_read(result->size());
    return status;
  }

 private:
  FaultyFileSystem& disk_;
};

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

void FaultyFileSystem::fail(Step step, std::uint64_t count, const rocksdb::IOStatus& with) {
  const std::lock_guard lock(mutex_);
  failures_[step] = {count, with};
}

IOStatus FaultyFileSystem::take_step(Step step) {
  const std::lock_guard lock(mutex_);
  ++steps_;
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
  return IOStatus::OK();
}

void FaultyFileSystem::appended(const std::string& name, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  files_[name].written += bytes;
}

void FaultyFileSystem::synced(const std::string& name) {
  const std::lock_guard lock(mutex_);
  files_[name].synced = files_[name].written;
}

void FaultyFileSystem::folder_synced(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  synced_folders_.insert(plain(folder));
  std::erase_if(new_names_,
                [&](const auto& each) { return std::filesystem::path(each.first).parent_path() == plain(folder); });
}

bool FaultyFileSystem::folder_was_synced(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  return synced_folders_.contains(plain(folder));
}

void FaultyFileSystem::crash(unsigned survivors) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, file] : files_) {
    if (file.synced < file.written && std::filesystem::exists(name)) {
      std::filesystem::resize_file(name, file.synced + (file.written - file.synced) * survivors / 256);
    }
  }
  for (const auto& [name, before] : new_names_) {
    std::filesystem::remove(name);
    if (before) {
      std::ofstream(name, std::ios::binary) << *before;
    }
  }
  files_.clear();
  new_names_.clear();
  failures_.clear();
  steps_until_off_ = 0;
  is_off_ = false;
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  IOStatus allowed = take_step(Step::kCreate);
  if (!allowed.ok()) {
    return allowed;
  }
  const std::lock_guard lock(mutex_);
  new_names_.try_emplace(name, std::filesystem::exists(name) ? std::optional(content_of(name)) : std::nullopt);
  files_[name] = {};
  IOStatus status = target()->NewWritableFile(name, options, result, debug);
  if (status.ok()) {
    *result = std::make_unique<WritableFile>(std::move(*result), name, *this);
  }
  return status;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                               IODebugContext* debug) {
  IOStatus status = target()->NewRandomAccessFile(name, options, result, debug);
  if (status.ok()) {
    *result = std::make_unique<ReadableFile>(std::move(*result), *this);
  }
  return status;
}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                             IODebugContext* debug) {
  IOStatus status = target()->NewSequentialFile(name, options, result, debug);
  if (status.ok()) {
    *result = std::make_unique<SequentialFile>(std::move(*result), *this);
  }
  return status;
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(name, options, result, debug);
  if (status.ok()) {
    *result = std::make_unique<Folder>(std::move(*result), name, *this);
  }
  return status;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                      IODebugContext* debug) {
  IOStatus allowed = take_step(Step::kRename);
  if (!allowed.ok()) {
    return allowed;
  }
  const std::lock_guard lock(mutex_);
  new_names_.try_emplace(to, std::filesystem::exists(to) ? std::optional(content_of(to)) : std::nullopt);
  new_names_.erase(from);
  if (const auto file = files_.find(from); file != files_.end()) {
    files_[to] = file->second;
    files_.erase(from);
  }
  return target()->RenameFile(from, to, options, debug);
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* free,
                                        IODebugContext* debug) {
  if (free_bytes_) {
    *free = *free_bytes_;
    return IOStatus::OK();
  }
  return FileSystemWrapper::GetFreeSpace(path, options, free, debug);
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  if (is_off_) {
    return IOStatus::IOError("the power is off");
  }
  files_.erase(name);
  new_names_.erase(name);
  return target()->DeleteFile(name, options, debug);
}

}  // namespace twinlog::testing
