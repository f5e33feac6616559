#include "ledger/record/utf8.h"

#include <algorithm>
#include <cstdint>

namespace twinlog {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// What may follow a lead byte (Unicode 14, table 3-7): how many bytes in all, and the range of the second one.
struct Lead {
  std::size_t size = 0;
  std::uint8_t second_least = 0x80;
  std::uint8_t second_most = 0xBF;
};

Lead lead_of(std::uint8_t first) {
  if (first >= 0xC2 && first <= 0xDF) {
    return {2};
  }
  if (first >= 0xE0 && first <= 0xEF) {
    return {3, first == 0xE0 ? std::uint8_t{0xA0} : std::uint8_t{0x80},
            first == 0xED ? std::uint8_t{0x9F} : std::uint8_t{0xBF}};
  }
  if (first >= 0xF0 && first <= 0xF4) {
    return {4, first == 0xF0 ? std::uint8_t{0x90} : std::uint8_t{0x80},
            first == 0xF4 ? std::uint8_t{0x8F} : std::uint8_t{0xBF}};
  }
  return {};
}

// Surrogates (lead bytes F0 and up) come before U+E000..U+FFFF (lead bytes EE and EF); the rest is in byte order.
std::uint8_t utf16_rank(std::uint8_t byte) {
  if (byte >= 0xF0) {
    return static_cast<std::uint8_t>(byte - 2);
  }
  return byte >= 0xEE ? static_cast<std::uint8_t>(byte + 0x10) : byte;
}

}  // namespace

Utf8Step utf8_step(std::string_view bytes) {
  const std::uint8_t first = byte_at(bytes, 0);
  if (first < 0x80) {
    return {1, true};
  }
  const Lead lead = lead_of(first);
  if (lead.size == 0 || bytes.size() < 2 || byte_at(bytes, 1) < lead.second_least ||
      byte_at(bytes, 1) > lead.second_most) {
    return {1, false};
  }
  for (std::size_t i = 2; i < lead.size; ++i) {
    if (i >= bytes.size() || (byte_at(bytes, i) & 0xC0U) != 0x80U) {
      return {i, false};
    }
  }
  return {lead.size, true};
}

std::string_view cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  std::size_t end = limit;
  while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

bool utf16_less(std::string_view left, std::string_view right) {
  const auto [l, r] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  if (l == left.end() || r == right.end()) {
    return l == left.end() && r != right.end();
  }
  return utf16_rank(static_cast<std::uint8_t>(*l)) < utf16_rank(static_cast<std::uint8_t>(*r));
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    if (!step.is_valid) {
      return false;
    }
    bytes.remove_prefix(step.size);
  }
  return true;
}

}  // namespace twinlog
