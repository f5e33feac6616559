// The files that a FaultyFileSystem hands out: each tells it what is done with it, and asks whether it may be.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>
#include <string>

#include "tests/spool/disk_content.h"

namespace twinlog::testing {

class FaultyFileSystem;

std::unique_ptr<rocksdb::FSWritableFile> faulty(std::unique_ptr<rocksdb::FSWritableFile> file,
                                                std::shared_ptr<DiskContent> content, FaultyFileSystem& disk);
std::unique_ptr<rocksdb::FSRandomRWFile> faulty(std::unique_ptr<rocksdb::FSRandomRWFile> file,
                                                std::shared_ptr<DiskContent> content, FaultyFileSystem& disk);
std::unique_ptr<rocksdb::FSRandomAccessFile> faulty(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                                                    FaultyFileSystem& disk);
std::unique_ptr<rocksdb::FSSequentialFile> faulty(std::unique_ptr<rocksdb::FSSequentialFile> file,
                                                  FaultyFileSystem& disk);
std::unique_ptr<rocksdb::FSDirectory> faulty(std::unique_ptr<rocksdb::FSDirectory> folder, const std::string& name,
                                             FaultyFileSystem& disk);

}  // namespace twinlog::testing
