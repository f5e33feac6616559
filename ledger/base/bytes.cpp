#include "ledger/base/bytes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <memory>

#include "ledger/base/put_bytes.h"

namespace twinlog {
namespace {

struct DigestContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// EVP_sha256() is looked up anew at every use (OpenSSL 3), which costs more than a short hash itself.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // Kept to the end of the process.
  if (algorithm == nullptr) {
    std::abort();
  }
  return algorithm;
}

EVP_MD_CTX* thread_digest_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, DigestContextFree> context(EVP_MD_CTX_new());
  if (context == nullptr) {
    std::abort();
  }
  return context.get();
}

constexpr std::uint8_t kNoNibble = 0xFF;
constexpr auto kNibbles = [] {
  std::array<std::uint8_t, 256> nibbles{};
  nibbles.fill(kNoNibble);
  for (std::uint8_t i = 0; i < 16; ++i) {
    nibbles[static_cast<std::uint8_t>("0123456789abcdef"[i])] = i;
    nibbles[static_cast<std::uint8_t>("0123456789ABCDEF"[i])] = i;
  }
  return nibbles;
}();

template <typename Integer>
void put_big_endian(std::string& out, Integer value) {
  std::array<char, sizeof(Integer)> bytes{};
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(value >> (8 * (sizeof(Integer) - 1 - i))));
  }
  out.append(bytes.data(), bytes.size());
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) {
    value = value << 8U | static_cast<std::uint8_t>(byte);
  }
  return value;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  Digest digest{};
  EVP_MD_CTX* context = thread_digest_context();
  if (EVP_DigestInit_ex(context, sha256_algorithm(), nullptr) != 1 ||
      EVP_DigestUpdate(context, bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context, digest.data(), nullptr) != 1) {
    std::abort();
  }
  return digest;
}

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, DigestContextFree> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr || EVP_DigestInit_ex(state_->context.get(), sha256_algorithm(), nullptr) != 1) {
    std::abort();
  }
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1) {
    std::abort();
  }
}

Digest Sha256::finish() {
  Digest digest{};
  if (EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) != 1) {
    std::abort();
  }
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  Digest digest{};
  unsigned size = 0;
  if (HMAC(sha256_algorithm(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(), &size) == nullptr ||
      size != digest.size()) {
    std::abort();
  }
  return digest;
}

bool is_same_secret(const Digest& left, const Digest& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<std::uint8_t>(byte);
    text.push_back(kDigits[value >> 4U]);
    text.push_back(kDigits[value & 15U]);
  }
  return text;
}

bool put_from_hex(std::string& bytes, std::string_view text) {
  bytes.resize(text.size() / 2);
  unsigned seen = text.size() % 2 == 0 ? 0U : kNoNibble;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned high = kNibbles[static_cast<std::uint8_t>(text[2 * i])];
    const unsigned low = kNibbles[static_cast<std::uint8_t>(text[2 * i + 1])];
    seen |= high | low;
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(high << 4U | low));
  }
  return seen < 16;
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string bytes;
  return put_from_hex(bytes, text) ? std::optional(std::move(bytes)) : std::nullopt;
}

void put_u16(std::string& out, std::uint16_t value) {
  put_big_endian(out, value);
}
void put_u32(std::string& out, std::uint32_t value) {
  put_big_endian(out, value);
}
void put_u64(std::string& out, std::uint64_t value) {
  put_big_endian(out, value);
}
void put_i64(std::string& out, std::int64_t value) {
  put_big_endian(out, static_cast<std::uint64_t>(value));
}

std::uint64_t get_u64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {  // As many turns as the compiler can see: one load.
    value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
  }
  return value;
}

std::string_view ByteReader::bytes(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::uint8_t ByteReader::u8() {
  return static_cast<std::uint8_t>(big_endian(bytes(1)));
}
std::uint16_t ByteReader::u16() {
  return static_cast<std::uint16_t>(big_endian(bytes(2)));
}
std::uint32_t ByteReader::u32() {
  return static_cast<std::uint32_t>(big_endian(bytes(4)));
}
std::uint64_t ByteReader::u64() {
  return big_endian(bytes(8));
}
std::int64_t ByteReader::i64() {
  return static_cast<std::int64_t>(u64());
}

std::string uuid_text(const Uuid& uuid) {
  std::string text = hex(uuid);
  for (const std::size_t position : {8U, 13U, 18U, 23U}) {
    text.insert(position, 1, '-');
  }
  return text;
}

std::optional<Uuid> uuid_from_text(std::string_view text) {
  constexpr std::size_t kTextBytes = 36;
  if (text.size() != kTextBytes) {
    return std::nullopt;
  }
  Uuid uuid{};
  unsigned seen = 0;
  std::size_t place = 0;
  for (std::uint8_t& byte : uuid) {
    if (place == 8 || place == 13 || place == 18 || place == 23) {
      seen |= text[place++] == '-' ? 0U : kNoNibble;
    }
    const unsigned high = kNibbles[static_cast<std::uint8_t>(text[place])];
    const unsigned low = kNibbles[static_cast<std::uint8_t>(text[place + 1])];
    seen |= high | low;
    byte = static_cast<std::uint8_t>(high << 4U | low);
    place += 2;
  }
  return seen < 16 ? std::optional(uuid) : std::nullopt;
}

}  // namespace twinlog
