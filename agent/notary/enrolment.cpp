#include "agent/notary/enrolment.h"

#include <openssl/crypto.h>

#include "config/read_file.h"
#include "ledger/base/bytes.h"
#include "ledger/note/origin.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostKeyBytes = 4096;
constexpr std::string_view kThrowAwayLabel = "twinlog throw-away enrolment key";

}  // namespace

Result<SigningKey> read_enrolment_key(const std::string& path) {
  Result<std::string> read = read_file(path, kMostKeyBytes);
  if (!read) {
    return Error(ErrorKind::kInvalid, "ledger.enrolment_key_file: " + read.error().message() +
                                          "; make one with `twinlog keygen --name NAME --out FILE`");
  }
  std::string& text = *read;
  const std::string_view line = std::string_view(text).substr(0, text.ends_with('\n') ? text.size() - 1 : text.size());
  Result<SigningKey> key = parse_signing_key(line);
  OPENSSL_cleanse(text.data(), text.size());
  return key ? std::move(key)
             : Error(ErrorKind::kInvalid, "ledger.enrolment_key_file: " + path +
                                              " holds no key of `twinlog keygen`: " + key.error().message());
}

SigningKey throw_away_key(const std::string& ledger_origin, const SpoolIdentity& spool) {
  return {throw_away_name(ledger_origin, spool.epoch_id), hmac_sha256(spool.log_id_key, kThrowAwayLabel)};
}

const std::string& Enrolment::renew() {
  if (path_.empty()) {
    return trouble_;
  }
  Result<SigningKey> key = read_enrolment_key(path_);
  if (key) {
    key_ = std::move(*key);
    trouble_.clear();
  } else {
    trouble_ = key.error().message() + "; the key that was read at the start serves until then";
  }
  return trouble_;
}

}  // namespace twinlog
