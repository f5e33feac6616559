// The public half of a signing key as text, in the form of Go's note package: name+keyid+base64(01 || Ed25519 key).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"
#include "ledger/base/result.h"

namespace twinlog {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
using KeyId = std::array<std::uint8_t, 4>;

struct VerifierKey {
  std::string name;
  PublicKey key{};
  bool operator==(const VerifierKey&) const = default;
};

/// The first 4 bytes of SHA-256(name || 0A || 01 || key).
KeyId key_id(const VerifierKey& key);
std::string verifier_key_text(const VerifierKey& key);
/// kInvalid unless it is exactly what verifier_key_text() gives; says what is wrong.
Result<VerifierKey> parse_verifier_key(std::string_view text);
/// What may name a key: 1 to 200 bytes of visible ASCII without '+'.
bool is_key_name(std::string_view name);

/// Ed25519 of RFC 8032. Callable from every thread.
bool is_signed_by(const PublicKey& key, std::string_view message, const Signature& signature);

}  // namespace twinlog
