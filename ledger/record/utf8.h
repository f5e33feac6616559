// UTF-8 of hostile origin: well-formedness, cutting, and the order of UTF-16 code units. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace twinlog {

/// U+FFFD, what stands for bytes and characters that cannot be kept.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What stands at the front of a byte string.
struct Utf8Step {
  std::size_t size = 1;  ///< Bytes of the character, or of the maximal ill-formed subpart (Unicode 14, section 3.9).
  bool is_valid = false;
};
/// The first character of `bytes`, which must not be empty.
Utf8Step utf8_step(std::string_view bytes);
/// Whether all of it is well-formed.
bool is_utf8(std::string_view bytes);

/// The longest front of valid UTF-8 `text` with at most `limit` bytes that ends between characters.
std::string_view cut_text(std::string_view text, std::size_t limit);

/// True when `left` sorts before `right` by UTF-16 code units (RFC 8785, section 3.2.3). Both are valid UTF-8.
bool utf16_less(std::string_view left, std::string_view right);

}  // namespace twinlog
