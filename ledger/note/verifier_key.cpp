#include "ledger/note/verifier_key.h"

#include <openssl/evp.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "ledger/base/base64.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostNameBytes = 200;
constexpr char kEd25519 = 0x01;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string typed_key(const PublicKey& key) {
  std::string bytes(1, kEd25519);
  bytes.append(as_text(key));
  return bytes;
}

/// The last results, by a digest over all that they depend on: both stores hold the same notes, and a check takes as
/// long as hundreds of digests.
class CheckedSignatures {
 public:
  std::optional<bool> find(const Digest& what) {
    const std::lock_guard lock(mutex_);
    const auto place = results_.find(what);
    return place == results_.end() ? std::nullopt : std::optional(place->second);
  }
  void keep(const Digest& what, bool is_right) {
    const std::lock_guard lock(mutex_);
    if (!results_.emplace(what, is_right).second) {
      return;
    }
    order_.push_back(what);
    if (order_.size() > kMost) {
      results_.erase(order_.front());
      order_.pop_front();
    }
  }

 private:
  static constexpr std::size_t kMost = 4096;
  std::mutex mutex_;
  std::map<Digest, bool> results_;
  std::deque<Digest> order_;
};

Digest digest_of(const PublicKey& key, std::string_view message, const Signature& signature) {
  Sha256 hash;  // Key and signature have one size each: what is hashed can be read in one way only.
  hash.add(as_text(key));
  hash.add(as_text(signature));
  hash.add(message);
  return hash.finish();
}

bool holds(const PublicKey& key, std::string_view message, const Signature& signature) {
  const std::unique_ptr<EVP_PKEY, KeyFree> public_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  return public_key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a verifier key: " + words};
}

}  // namespace

KeyId key_id(const VerifierKey& key) {
  const Digest digest = sha256(key.name + "\n" + typed_key(key.key));
  return {digest[0], digest[1], digest[2], digest[3]};
}

std::string verifier_key_text(const VerifierKey& key) {
  return key.name + "+" + hex(key_id(key)) + "+" + base64(typed_key(key.key));
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameBytes &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) {
    return bad("it is not name+keyid+key");
  }
  VerifierKey key{.name = std::string(text.substr(0, first))};
  if (!is_key_name(key.name)) {
    return bad("its name is not 1 to 200 visible characters without a plus");
  }
  const auto bytes = from_base64(text.substr(second + 1));
  if (!bytes || bytes->size() != 1 + key.key.size()) {
    return bad("its key is not base64 of 33 bytes");
  }
  if (bytes->front() != kEd25519) {
    return bad("it is no Ed25519 key");
  }
  key.key = *array_from<sizeof(PublicKey)>(std::string_view(*bytes).substr(1));
  if (verifier_key_text(key) != text) {
    return bad("its key id does not belong to name and key");
  }
  return key;
}

bool is_signed_by(const PublicKey& key, std::string_view message, const Signature& signature) {
  static CheckedSignatures checked;
  const Digest what = digest_of(key, message, signature);
  if (const std::optional<bool> known = checked.find(what)) {
    return *known;
  }
  const bool is_right = holds(key, message, signature);
  checked.keep(what, is_right);
  return is_right;
}

}  // namespace twinlog
