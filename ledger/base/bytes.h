// Fixed-size bytes, hexadecimal, big-endian integers, UUID text and SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

/// SHA-256 digest.
using Digest = std::array<std::uint8_t, 32>;
/// The 16 bytes of a UUID, in the order of its text.
using Uuid = std::array<std::uint8_t, 16>;

/// FIPS 180-4 SHA-256. Callable from every thread.
Digest sha256(std::string_view bytes);

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  /// Once, at the end.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// RFC 2104 HMAC-SHA256. Callable from every thread.
Digest hmac_sha256(std::string_view key, std::string_view bytes);

/// Whether both are equal, in a time that does not tell where they differ.
bool is_same_secret(const Digest& left, const Digest& right);

/// Lower-case hexadecimal.
std::string hex(std::string_view bytes);
template <std::size_t kSize>
std::string hex(const std::array<std::uint8_t, kSize>& bytes) {
  return hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), kSize));
}
/// The bytes of lower- or upper-case hexadecimal; nothing when it is not hexadecimal.
std::optional<std::string> from_hex(std::string_view text);

/// The bytes of an array as a view.
template <std::size_t kSize>
std::string_view as_text(const std::array<std::uint8_t, kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), kSize};
}
/// An array from exactly kSize bytes; nothing when the length differs.
template <std::size_t kSize>
std::optional<std::array<std::uint8_t, kSize>> array_from(std::string_view bytes) {
  if (bytes.size() != kSize) {
    return std::nullopt;
  }
  std::array<std::uint8_t, kSize> array{};
  for (std::size_t i = 0; i < kSize; ++i) {
    array[i] = static_cast<std::uint8_t>(bytes[i]);
  }
  return array;
}

/// Appends a big-endian integer.
void put_u16(std::string& out, std::uint16_t value);
void put_u32(std::string& out, std::uint32_t value);
void put_u64(std::string& out, std::uint64_t value);
void put_i64(std::string& out, std::int64_t value);
/// Reads 8 big-endian bytes; `bytes` must hold at least 8.
std::uint64_t get_u64(std::string_view bytes);

/// Takes values off the front of a byte string. After a read past the end `ok()` is false and all reads give zero.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::int64_t i64();
  std::string_view bytes(std::size_t count);
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// 8-4-4-4-12 lower-case text of a UUID, and back (either case; nothing when it is not one).
std::string uuid_text(const Uuid& uuid);
std::optional<Uuid> uuid_from_text(std::string_view text);

}  // namespace twinlog
