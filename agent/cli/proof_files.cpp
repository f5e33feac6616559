#include "agent/cli/proof_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "agent/cli/durable_file.h"
#include "ledger/base/descriptor.h"

namespace twinlog {
namespace {

Error refused(const std::string& path, int error) {
  const std::string words = error == EEXIST ? "it is there already and was left as it is; name another one, or --force"
                                            : std::generic_category().message(error);
  return {ErrorKind::kRefused, path + " cannot be written: " + words};
}

/// Files under names of their own until all of them are written; what is left of them goes with this.
class NewFiles {
 public:
  NewFiles() = default;
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;
  ~NewFiles() {
    for (const std::string& path : temporary_) {
      ::unlink(path.c_str());
    }
    for (const std::string& path : named_) {
      ::unlink(path.c_str());
    }
  }

  int write(const std::string& path, std::string_view text) {
    std::string name = path + ".XXXXXX";
    const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.is_open()) {
      return errno;
    }
    temporary_.push_back(name);
    return write_all(file.get(), text);
  }

  /// `number`: of write()'s calls.
  int name(std::size_t number, const std::string& path, Existing existing) {
    if (existing == Existing::kReplaced) {
      return ::rename(temporary_[number].c_str(), path.c_str()) == 0 ? 0 : errno;
    }
    if (::link(temporary_[number].c_str(), path.c_str()) != 0) {
      return errno;  // Unlike rename() it never takes the place of a file.
    }
    named_.push_back(path);
    return 0;
  }

  void keep() { named_.clear(); }

 private:
  std::vector<std::string> temporary_;
  std::vector<std::string> named_;
};

}  // namespace

Status write_files(const std::vector<std::pair<std::string, std::string>>& files, Existing existing) {
  NewFiles made;
  for (const auto& [path, text] : files) {
    if (const int error = made.write(path, text)) {
      return refused(path, error);
    }
  }
  std::size_t number = 0;
  for (const auto& [path, text] : files) {
    if (const int error = made.name(number++, path, existing)) {
      return refused(path, error);
    }
  }
  if (const int error = sync_folder_of(files.front().first)) {
    return refused(files.front().first, error);
  }
  made.keep();
  return {};
}

}  // namespace twinlog
