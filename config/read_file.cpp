#include "config/read_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace twinlog {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

Error cannot_read(const std::string& path, int error) {
  return {ErrorKind::kRefused, path + " cannot be read: " + std::generic_category().message(error)};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_most) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return cannot_read(path, errno);
  }
  std::string bytes(bytes_most + 1, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return cannot_read(path, errno);
  }
  if (bytes.size() > bytes_most) {
    return Error(ErrorKind::kRefused, path + " is longer than " + std::to_string(bytes_most) + " bytes");
  }
  return bytes;
}

}  // namespace twinlog
