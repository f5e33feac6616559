#include "spool/options_files.h"

#include <rocksdb/file_system.h>

#include <filesystem>
#include <string>

namespace twinlog {
namespace {

class WithoutOptionsFiles final : public rocksdb::FileSystemWrapper {
 public:
  using rocksdb::FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "WithoutOptionsFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    if (std::filesystem::path(name).filename().string().starts_with("OPTIONS-")) {
      return rocksdb::IOStatus::NotSupported("options are not kept in a file");
    }
    return FileSystemWrapper::NewWritableFile(name, options, result, debug);
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> without_options_files(const std::shared_ptr<rocksdb::FileSystem>& files) {
  return std::make_shared<WithoutOptionsFiles>(files);
}

}  // namespace twinlog
