// RocksDB writes its options to a file whenever it opens and whenever one is changed. Nobody reads them here: every
// opening sets its own.
#pragma once

#include <memory>

namespace rocksdb {
class FileSystem;
}

namespace twinlog {

/// `files`, in which no OPTIONS file can be made; RocksDB goes on without (fail_if_options_file_error must be false).
/// Each costs two syncs and, as it is parsed again to compare, some milliseconds of an opening's thirty.
std::shared_ptr<rocksdb::FileSystem> without_options_files(const std::shared_ptr<rocksdb::FileSystem>& files);

}  // namespace twinlog
