// How far a value reaches that stands behind a name inside of text. Pure; linear in what it looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace twinlog {

enum class ValueStyle : std::uint8_t {
  kForm,         ///< Ends at `&`, white space, a quote; at `,` `;` `|` where the next name follows.
  kEscapedForm,  ///< Of a form that stands escaped in another one: ends at `%26`, too.
  kUrlPart,      ///< Ends at `?`, `#`, `/` `;`, too.
  kJson,         ///< Ends at `,` `}` `]`; or a whole object or array.
};

struct TextValue {
  std::size_t begin = 0;
  std::size_t end = 0;        ///< Without quotes.
  std::size_t whole_end = 0;  ///< With them.
  bool is_quoted = false;
};

/// The value at `at`. What is not closed reaches to the end of the text.
TextValue value_at(std::string_view text, std::size_t at, ValueStyle style);

/// Where the value of an HTTP header ends: at the line's end, real or escaped, or at `quote`; white space before it and
/// backslashes do not count.
std::size_t line_end(std::string_view text, std::size_t at, std::optional<char> quote);

/// True for what a name without quotes is made of.
bool is_name_part(char c);

}  // namespace twinlog
