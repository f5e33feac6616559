// The key that authorises epochs: from a file in production, else a throw-away one of this spool.
#pragma once

#include <memory>
#include <string>

#include "ledger/base/result.h"
#include "ledger/note/signing_key.h"
#include "spool/spool.h"

namespace twinlog {

/// The key in a file that `twinlog keygen` made: one line, whose end does not count. kInvalid names the file and what
/// is wrong, and quotes nothing of it. A pipe, which would block, is refused.
Result<SigningKey> read_enrolment_key(const std::string& path);

/// Made of a secret of the spool, so the same for its life: <ledger.origin>/throw-away/<spool's uuid>.
SigningKey throw_away_key(const std::string& ledger_origin, const SpoolIdentity& spool);

/// One thread.
class Enrolment {
 public:
  /// `path`: "" for a throw-away key.
  Enrolment(std::string path, SigningKey key) : path_(std::move(path)), key_(std::move(key)) {}

  const SigningKey& key() const { return key_; }
  bool is_throw_away() const { return path_.empty(); }
  /// Reads the file again. Where that cannot be done the key in memory serves, and the words say so; else "".
  const std::string& renew();
  const std::string& trouble() const { return trouble_; }

 private:
  std::string path_;
  SigningKey key_;
  std::string trouble_;
};

}  // namespace twinlog
