// The token that HTTP senders must show (RFC 6750), from a file that may change at any time.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "ledger/base/bytes.h"

namespace twinlog {

/// One thread. Keeps a digest of the token, not the token.
class BearerToken {
 public:
  /// "": no token is asked for.
  explicit BearerToken(const std::string& path);

  bool is_required() const { return !path_.empty(); }
  /// kRefused: the file cannot be read or holds no token.
  Status check_file();
  /// Whether the value of an Authorization field shows the token that the file holds now. A file that cannot be read
  /// lets nobody in. Compares digests in constant time.
  bool accepts(std::string_view authorization);

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    timespec changed{};
  };
  void refresh();

  std::string path_;
  Secret secret_;
  std::optional<Identity> seen_;
  std::optional<Digest> token_;
};

}  // namespace twinlog
