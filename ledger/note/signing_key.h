// An Ed25519 key that signs notes. Its seed is never printed but by text(), and wiped when the key goes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "ledger/note/verifier_key.h"

namespace twinlog {

using Seed = std::array<std::uint8_t, 32>;

/// sign() is callable from every thread.
class SigningKey {
 public:
  SigningKey(std::string name, const Seed& seed);
  /// A new one.
  SigningKey(std::string name, Random& random);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  const VerifierKey& verifier() const { return verifier_; }
  const std::string& name() const { return verifier_.name; }
  Signature sign(std::string_view message) const;
  /// Go's form: PRIVATE+KEY+name+keyid+base64(01 || seed). A secret.
  std::string text() const;

 private:
  struct Secret;
  std::unique_ptr<Secret> secret_;
  VerifierKey verifier_;
};

/// kInvalid unless it is exactly what text() gives; the words quote nothing of it.
Result<SigningKey> parse_signing_key(std::string_view text);

}  // namespace twinlog
