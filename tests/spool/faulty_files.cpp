#include "tests/spool/faulty_files.h"

#include <span>
#include <utility>

#include "tests/spool/faulty_file_system.h"

namespace twinlog::testing {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(std::unique_ptr<rocksdb::FSWritableFile> target, std::shared_ptr<DiskContent> content,
               FaultyFileSystem& disk)
      : FSWritableFileOwnerWrapper(std::move(target)), content_(std::move(content)), disk_(disk) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return disk_.write(*content_, {content_->size(), data.size()},
                       [&](std::size_t bytes) { return target()->Append(Slice(data.data(), bytes), options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& /*info*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.sync(*content_); }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.sync(*content_); }
  IOStatus RangeSync(std::uint64_t /*offset*/, std::uint64_t /*bytes*/, const IOOptions& /*options*/,
                     IODebugContext* /*debug*/) override {
    return IOStatus::OK();  // Promises nothing.
  }

 private:
  const std::shared_ptr<DiskContent> content_;
  FaultyFileSystem& disk_;
};

class RandomRWFile final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  RandomRWFile(std::unique_ptr<rocksdb::FSRandomRWFile> target, std::shared_ptr<DiskContent> content,
               FaultyFileSystem& disk)
      : FSRandomRWFileOwnerWrapper(std::move(target)), content_(std::move(content)), disk_(disk) {}

  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return disk_.write(*content_, {offset, data.size()}, [&](std::size_t bytes) {
      return target()->Write(offset, Slice(data.data(), bytes), options, debug);
    });
  }
  // NOLINTNEXTLINE(readability-function-size): RocksDB's parameters.
  IOStatus Read(std::uint64_t offset, std::size_t bytes, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return disk_.read([&] { return target()->Read(offset, bytes, options, result, scratch, debug); }, *result);
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.sync(*content_); }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.sync(*content_); }

 private:
  const std::shared_ptr<DiskContent> content_;
  FaultyFileSystem& disk_;
};

class Folder final : public rocksdb::FSDirectoryWrapper {
 public:
  Folder(std::unique_ptr<rocksdb::FSDirectory> target, std::string name, FaultyFileSystem& disk)
      : FSDirectoryWrapper(std::move(target)), name_(std::move(name)), disk_(disk) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.sync_folder(name_); }
  IOStatus FsyncWithDirOptions(const IOOptions& /*options*/, IODebugContext* /*debug*/,
                               const rocksdb::DirFsyncOptions& /*why*/) override {
    return disk_.sync_folder(name_);
  }

 private:
  const std::string name_;
  FaultyFileSystem& disk_;
};

class ReadableFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadableFile(std::unique_ptr<rocksdb::FSRandomAccessFile> target, FaultyFileSystem& disk)
      : FSRandomAccessFileOwnerWrapper(std::move(target)), disk_(disk) {}

  // NOLINTNEXTLINE(readability-function-size): RocksDB's parameters.
  IOStatus Read(std::uint64_t offset, std::size_t bytes, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return disk_.read([&] { return target()->Read(offset, bytes, options, result, scratch, debug); }, *result);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    for (rocksdb::FSReadRequest& each : std::span(requests, count)) {
      each.status = Read(each.offset, each.len, options, &each.result, each.scratch, debug);
    }
    return IOStatus::OK();
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
    return disk_.read([&] { return target()->Read(bytes, options, result, scratch, debug); }, *result);
  }

 private:
  FaultyFileSystem& disk_;
};

}  // namespace

std::unique_ptr<rocksdb::FSWritableFile> faulty(std::unique_ptr<rocksdb::FSWritableFile> file,
                                                std::shared_ptr<DiskContent> content, FaultyFileSystem& disk) {
  return std::make_unique<WritableFile>(std::move(file), std::move(content), disk);
}

std::unique_ptr<rocksdb::FSRandomRWFile> faulty(std::unique_ptr<rocksdb::FSRandomRWFile> file,
                                                std::shared_ptr<DiskContent> content, FaultyFileSystem& disk) {
  return std::make_unique<RandomRWFile>(std::move(file), std::move(content), disk);
}

std::unique_ptr<rocksdb::FSRandomAccessFile> faulty(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                                                    FaultyFileSystem& disk) {
  return std::make_unique<ReadableFile>(std::move(file), disk);
}

std::unique_ptr<rocksdb::FSSequentialFile> faulty(std::unique_ptr<rocksdb::FSSequentialFile> file,
                                                  FaultyFileSystem& disk) {
  return std::make_unique<SequentialFile>(std::move(file), disk);
}

std::unique_ptr<rocksdb::FSDirectory> faulty(std::unique_ptr<rocksdb::FSDirectory> folder, const std::string& name,
                                             FaultyFileSystem& disk) {
  return std::make_unique<Folder>(std::move(folder), name, disk);
}

}  // namespace twinlog::testing
