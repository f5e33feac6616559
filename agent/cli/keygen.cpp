#include "agent/cli/keygen.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "agent/cli/durable_file.h"
#include "ledger/base/descriptor.h"
#include "ledger/note/signing_key.h"

namespace twinlog {
namespace {

constexpr mode_t kMode = 0400;
constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// 0, or the errno of what failed; then no file of ours is left.
int write_key(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode));
  if (!file.is_open()) {
    return errno;
  }
  int error = ::fchmod(file.get(), kMode) == 0 ? write_all(file.get(), text) : errno;
  if (error == 0) {
    error = sync_folder_of(path);
  }
  if (error != 0) {
    ::unlink(path.c_str());
  }
  return error;
}

std::string words_of(int error) {
  return error == EEXIST ? "it is there already and was left as it is; name another file, or move that one away"
                         : std::generic_category().message(error);
}

}  // namespace

int run_keygen(const KeygenOptions& options, Random& random, const KeygenStreams& streams) {
  if (!is_key_name(options.name)) {
    streams.err << "twinlog: --name is not 1 to 200 visible ASCII characters without a plus\n";
    return kUsage;
  }
  const SigningKey key(options.name, random);
  std::string secret = key.text() + "\n";
  int error = 0;
  if (options.file.empty()) {
    streams.out << secret;
  } else {
    error = write_key(options.file, secret);
  }
  std::ranges::fill(secret, '\0');
  if (error != 0) {
    streams.err << "twinlog: " << options.file << " cannot be written: " << words_of(error) << "\n";
    return kFailed;
  }
  streams.out << verifier_key_text(key.verifier()) << std::endl;
  if (!streams.out) {
    streams.err << "twinlog: the key cannot be written to standard output\n";
    return kFailed;
  }
  return kFine;
}

}  // namespace twinlog
