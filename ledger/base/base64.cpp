#include "ledger/base/base64.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "ledger/base/put_bytes.h"

namespace twinlog {
namespace {

constexpr std::uint8_t kNoDigit = 0x40;
constexpr auto kDigitValues = [] {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<std::uint8_t>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

bool put_from_base64(std::string& bytes, std::string_view text) {
  if (text.size() % 4 != 0) {
    return false;
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t digits = text.size() - padding;
  bytes.resize(text.size() / 4 * 3);
  unsigned seen = 0;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t k = i; k < i + 4; ++k) {
      const std::uint32_t digit = k < digits ? kDigitValues[static_cast<std::uint8_t>(text[k])] : 0U;
      seen |= digit;
      group = group << 6U | (digit & 0x3FU);
    }
    const std::size_t place = i / 4 * 3;
    bytes[place] = static_cast<char>(static_cast<std::uint8_t>(group >> 16U));
    bytes[place + 1] = static_cast<char>(static_cast<std::uint8_t>(group >> 8U));
    bytes[place + 2] = static_cast<char>(static_cast<std::uint8_t>(group));
  }
  // What the padding cuts off are bits that base64() leaves empty.
  for (std::size_t i = bytes.size() - padding; i < bytes.size(); ++i) {
    seen |= bytes[i] != 0 ? kNoDigit : 0U;
  }
  bytes.resize(bytes.size() - padding);
  return seen < kNoDigit;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  return put_from_base64(bytes, text) ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace twinlog
