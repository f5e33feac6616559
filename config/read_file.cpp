#include "config/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ledger/base/descriptor.h"

namespace twinlog {
namespace {

Error refused(const std::string& path, const std::string& why) {
  return {ErrorKind::kRefused, path + " cannot be read: " + why};
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_most) {
  // O_NONBLOCK: the start must not wait for the writer of a pipe.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0) {
    return refused(path, reason(errno));
  }
  // A character device is let through for /dev/null, the empty configuration.
  if (!S_ISREG(found.st_mode) && !S_ISCHR(found.st_mode)) {
    return refused(path, S_ISDIR(found.st_mode) ? reason(EISDIR) : "it is a pipe, socket or device, not a file");
  }
  std::string bytes(bytes_most + 1, '\0');
  std::size_t size = 0;
  for (ssize_t count = 1; count != 0 && size < bytes.size();) {
    count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno != EINTR) {
      return refused(path, reason(errno));
    }
    size += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  if (size > bytes_most) {
    return Error(ErrorKind::kRefused, path + " is longer than " + std::to_string(bytes_most) + " bytes");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace twinlog
