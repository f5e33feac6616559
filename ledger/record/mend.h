// The linear pass over raw JSON before a library parses it: no parser at hand takes what docs/EVENTS.md repairs.
// It looks into strings and numbers only; whether the rest is JSON, the parser says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace twinlog {

/// A number that the parser would refuse (an exponent, or very many digits) becomes a string that begins with this
/// byte, which no mended string can hold.
inline constexpr char kNumberMark = '\0';

/// JSON text that holds only what a strict parser takes.
struct MendedJson {
  /// Invalid UTF-8 (one U+FFFD for each maximal ill-formed subpart), NUL, C0 and lone surrogates, raw or escaped, are
  /// U+FFFD. At most 3 times the raw text, plus some bytes.
  std::string text;
  /// Offsets in `text` of the first byte after the opening quote of each string that was changed, ascending.
  std::vector<std::uint32_t> mended_strings;
  std::size_t most_nodes = 0;  ///< Values and keys together are no more than this.
  std::size_t depth = 0;       ///< Deepest nesting of objects and arrays.
  bool is_balanced = false;    ///< False: certainly not JSON (brackets, strings or escapes do not end).
};

/// Texts of 1 GiB and more are not taken (is_balanced is false).
MendedJson mend_json(std::string_view raw);

}  // namespace twinlog
