#include "ledger/leaf/commitment.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "ledger/leaf/field_table.h"

namespace twinlog {
namespace {

constexpr std::string_view kCommitmentPrefix = "TWC1";
constexpr std::string_view kRootPrefix = "TWR1";
constexpr std::size_t kBlock = 16;
using Salts = std::array<Salt, kFields>;

struct CipherContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const EVP_CIPHER* aes_128() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);  // Kept to the end.
  if (cipher == nullptr) {
    std::abort();
  }
  return cipher;
}

/// A context of this thread that has the cipher: only keys change, as looking a cipher up costs more than a block.
EVP_CIPHER_CTX* thread_cipher_context() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree> context = [] {
    std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree> made(EVP_CIPHER_CTX_new());
    if (made == nullptr || EVP_EncryptInit_ex2(made.get(), aes_128(), nullptr, nullptr, nullptr) != 1) {
      std::abort();
    }
    return made;
  }();
  return context.get();
}

/// One call for all blocks: setting the key up costs more than a block. Whole blocks come out of it at once; padding
/// would be added by the call that ends an encryption, which is never made.
Salts salts_of(const RecordKey& key) {
  static const Salts counters = [] {
    Salts blocks{};
    for (std::size_t i = 0; i < kFields; ++i) {
      blocks[i].back() = static_cast<std::uint8_t>(i + 1);
    }
    return blocks;
  }();
  EVP_CIPHER_CTX* context = thread_cipher_context();
  Salts salts{};
  int written = 0;
  if (EVP_EncryptInit_ex2(context, nullptr, key.data(), nullptr, nullptr) != 1 ||
      EVP_EncryptUpdate(context, salts.front().data(), &written, counters.front().data(),
                        static_cast<int>(kFields * kBlock)) != 1 ||
      written != static_cast<int>(kFields * kBlock)) {
    std::abort();
  }
  return salts;
}

/// What is hashed for a commitment, field after field: the front is written over, and keeps its room.
class CommitmentText {
 public:
  CommitmentText() : text_(kCommitmentPrefix) { text_.resize(kFront); }

  /// To append the value to.
  std::string& begin(std::uint8_t field, const Salt& salt) {
    text_.resize(kFront);
    text_[kCommitmentPrefix.size()] = static_cast<char>(field);
    std::memcpy(&text_[kCommitmentPrefix.size() + 1], salt.data(), salt.size());
    return text_;
  }
  Digest finish() const { return sha256(text_); }

 private:
  static constexpr std::size_t kFront = kCommitmentPrefix.size() + 1 + sizeof(Salt);
  std::string text_;
};

/// What is hashed for the root: as many entries as there are numbers of fields.
class RootText {
 public:
  RootText() { std::memcpy(text_.data(), kRootPrefix.data(), kRootPrefix.size()); }

  void add(std::uint8_t field, const Digest& commitment) {
    text_[size_] = static_cast<char>(field);
    std::memcpy(&text_[size_ + 1], commitment.data(), commitment.size());
    size_ += kEntry;
  }
  Digest finish() const { return sha256({text_.data(), size_}); }

 private:
  static constexpr std::size_t kEntry = 1 + sizeof(Digest);
  std::array<char, kRootPrefix.size() + 256 * kEntry>
      text_;  // What lies behind size_ was never written, nor is it read.
  std::size_t size_ = kRootPrefix.size();
};

bool is_erased(const std::vector<std::uint8_t>& erased, std::uint8_t field) {
  return std::ranges::find(erased, field) != erased.end();
}

}  // namespace

Salt salt_of(const RecordKey& key, std::uint8_t field) {
  return salts_of(key).at(field - 1U);
}

Digest commitment(std::uint8_t field, const Salt& salt, std::string_view value) {
  CommitmentText text;
  text.begin(field, salt).append(value);
  return text.finish();
}

Digest content_root(const AuthEvent& event, const RecordKey& key) {
  const Salts salts = salts_of(key);
  thread_local CommitmentText text;
  RootText root;
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    if (append_field_value(event, field, text.begin(field, salts[field - 1U]))) {
      root.add(field, text.finish());
    }
  }
  return root.finish();
}

Digest content_root(const std::map<std::uint8_t, Digest>& commitments) {
  RootText root;
  for (const auto& [field, commitment] : commitments) {
    root.add(field, commitment);
  }
  return root.finish();
}

std::string salts_bytes(const KeptFields& fields) {
  std::string bytes;
  for (const auto& [field, kept] : fields) {
    bytes.push_back(static_cast<char>(field));
    bytes.push_back(static_cast<char>(kept.index()));
    std::visit([&bytes](const auto& value) { bytes.append(as_text(value)); }, kept);
  }
  return bytes;
}

Result<KeptFields> parse_salts(std::string_view bytes) {
  KeptFields fields;
  ByteReader reader(bytes);
  std::uint8_t before = 0;
  while (!reader.at_end()) {
    const std::uint8_t field = reader.u8();
    const std::uint8_t kind = reader.u8();
    const std::string_view value = reader.bytes(kind == 0 ? kBlock : sizeof(Digest));
    if (!reader.ok() || field <= before || kind > 1) {
      return Error(ErrorKind::kInvalid, "salts are damaged behind field " + std::to_string(before));
    }
    before = field;
    fields[field] = kind == 0 ? KeptField(*array_from<kBlock>(value)) : KeptField(*array_from<sizeof(Digest)>(value));
  }
  return fields;
}

KeptFields kept_after(const AuthEvent& event, const RecordKey& key, const std::vector<std::uint8_t>& erased) {
  const Salts salts = salts_of(key);
  KeptFields kept;
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    const std::optional<std::string> value = field_value(event, field);
    if (value && is_erased(erased, field)) {
      kept[field] = commitment(field, salts[field - 1U], *value);
    } else if (value) {
      kept[field] = salts[field - 1U];
    }
  }
  return kept;
}

KeptFields kept_after(const AuthEvent& event, const KeptFields& before, const std::vector<std::uint8_t>& erased) {
  KeptFields kept = before;
  for (auto& [field, what] : kept) {
    const auto* salt = std::get_if<Salt>(&what);
    const std::optional<std::string> value = field <= kFields ? field_value(event, field) : std::nullopt;
    if (salt != nullptr && value && is_erased(erased, field)) {
      what = commitment(field, *salt, *value);
    }
  }
  return kept;
}

Result<Digest> content_root(const AuthEvent& rest, const KeptFields& kept) {
  std::map<std::uint8_t, Digest> commitments;
  for (const auto& [field, what] : kept) {
    const std::optional<std::string> value = field <= kFields ? field_value(rest, field) : std::nullopt;
    const auto* salt = std::get_if<Salt>(&what);
    if ((salt != nullptr) != value.has_value()) {
      return Error(ErrorKind::kInvalid, "field " + std::to_string(field) +
                                            (value ? " was erased, and is there" : " has a salt, and is not there"));
    }
    commitments[field] = salt != nullptr ? commitment(field, *salt, *value) : std::get<Digest>(what);
  }
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    if (!kept.contains(field) && field_value(rest, field)) {
      return Error(ErrorKind::kInvalid, "field " + std::to_string(field) + " has no salt, and is there");
    }
  }
  return content_root(commitments);
}

}  // namespace twinlog
