// Secrets that are told by their own shape, wherever they stand (ledger/FORMAT.md). Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "ledger/record/event_reader.h"

namespace twinlog {

/// A secret and what makes it one: of `password=x` the secret is `x`, the whole begins at `p`.
struct FoundSecret {
  std::size_t whole_begin = 0;
  std::size_t begin = 0;
  std::size_t end = 0;        ///< Not behind begin: there is none.
  std::size_t whole_end = 0;  ///< Of a URL not known.
  RedactionRule rule = RedactionRule::kKey;

  bool is_found() const { return begin < end; }
};

/// A place in a text. Nothing before `barrier` is looked at: there stands a mark, or what will be one.
struct TextPlace {
  std::string_view text;
  std::size_t at = 0;
  std::size_t barrier = 0;

  std::string_view rest() const { return text.substr(at); }
  /// No letter or digit stands right before it that would make it a part of a longer word.
  bool begins_word() const;
};

/// Bytes of the white space at `at` (space, tab, line end, or U+FFFD, which a mended one has become); 0 for none.
std::size_t gap_size(std::string_view text, std::size_t at);
std::size_t behind_gaps(std::string_view text, std::size_t at);
/// The place of the next white space.
std::size_t behind_text(std::string_view text, std::size_t at);

/// The end of the longest run of token68 (RFC 9110) at `at`, without points at its end.
std::size_t behind_token68(std::string_view text, std::size_t at);
/// At least 16 characters, among them a digit or letters of both cases.
bool is_credential(std::string_view token);

/// Looks from place to place of one text, in ascending order.
class ShapeFinder {
 public:
  /// What begins at the place.
  FoundSecret find(const TextPlace& place);

 private:
  FoundSecret private_key(const TextPlace& place);
  FoundSecret json_token(const TextPlace& place);

  std::size_t segment_end_ = 0;      // Of the base64url text looked at last.
  std::size_t no_token_before_ = 0;  // No JSON token begins before.
  bool has_no_key_end_ = false;
};

}  // namespace twinlog
