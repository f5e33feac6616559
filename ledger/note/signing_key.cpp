#include "ledger/note/signing_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <utility>

#include "ledger/base/base64.h"

namespace twinlog {
namespace {

constexpr std::string_view kPrefix = "PRIVATE+KEY+";
constexpr char kEd25519 = 0x01;

Seed new_seed(Random& random) {
  Seed seed{};
  random.fill(seed);
  return seed;
}

Error bad(const std::string& words) {
  return {ErrorKind::kInvalid, "not a signing key: " + words};
}

}  // namespace

struct SigningKey::Secret {
  explicit Secret(const Seed& the_seed)
      : seed(the_seed), key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())) {
    if (key == nullptr) {
      std::abort();
    }
  }
  ~Secret() {
    EVP_PKEY_free(key);
    OPENSSL_cleanse(seed.data(), seed.size());
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  Seed seed;
  EVP_PKEY* key;
};

SigningKey::SigningKey(std::string name, const Seed& seed) : secret_(std::make_unique<Secret>(seed)) {
  verifier_.name = std::move(name);
  std::size_t size = verifier_.key.size();
  if (EVP_PKEY_get_raw_public_key(secret_->key, verifier_.key.data(), &size) != 1 || size != verifier_.key.size()) {
    std::abort();
  }
}

SigningKey::SigningKey(std::string name, Random& random) : SigningKey(std::move(name), new_seed(random)) {}

SigningKey::~SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;

Signature SigningKey::sign(std::string_view message) const {
  Signature signature{};
  std::size_t size = signature.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (context == nullptr || EVP_DigestSignInit(context, nullptr, nullptr, nullptr, secret_->key) != 1 ||
      EVP_DigestSign(context, signature.data(), &size, reinterpret_cast<const unsigned char*>(message.data()),
                     message.size()) != 1 ||
      size != signature.size()) {
    std::abort();
  }
  EVP_MD_CTX_free(context);
  return signature;
}

std::string SigningKey::text() const {
  std::string bytes(1, kEd25519);
  bytes.append(as_text(secret_->seed));
  return std::string(kPrefix) + verifier_.name + "+" + hex(key_id(verifier_)) + "+" + base64(bytes);
}

Result<SigningKey> parse_signing_key(std::string_view text) {
  if (!text.starts_with(kPrefix)) {
    return bad("it does not begin with PRIVATE+KEY+");
  }
  const std::string_view rest = text.substr(kPrefix.size());
  const std::size_t first = rest.find('+');
  const std::size_t second = first == std::string_view::npos ? first : rest.find('+', first + 1);
  if (second == std::string_view::npos) {
    return bad("it is not PRIVATE+KEY+name+keyid+key");
  }
  auto bytes = from_base64(rest.substr(second + 1));
  if (!bytes || bytes->size() != 1 + sizeof(Seed) || bytes->front() != kEd25519 ||
      !is_key_name(rest.substr(0, first))) {
    return bad("its name or its key is not of the right form");
  }
  SigningKey key(std::string(rest.substr(0, first)), *array_from<sizeof(Seed)>(std::string_view(*bytes).substr(1)));
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (key.text() != text) {
    return bad("its key id does not belong to name and key");
  }
  return key;
}

}  // namespace twinlog
