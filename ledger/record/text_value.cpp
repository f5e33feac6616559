#include "ledger/record/text_value.h"

#include "ledger/record/ascii.h"
#include "ledger/record/redaction.h"
#include "ledger/record/secret_shapes.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::string_view kNameSigns = "_.$%[]-";
// What ends a sentence or closes what stood open before the name.
constexpr std::string_view kTrailingSigns = ",;.)}]>|'\\";

bool is_one_of(char c, std::string_view signs) {
  return signs.find(c) != std::string_view::npos;
}

// The place behind the backslashes at `at`.
std::size_t behind_backslashes(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of('\\', at), text.size());
}

struct OpenQuote {
  std::size_t begin = 0;  // Behind the quote; 0: there is none.
  std::size_t backslashes = 0;
  char quote = '"';
};

// A quote, as it stands in text that was itself put into quotes `backslashes` deep; Python's b'' and u'', too.
OpenQuote open_quote(std::string_view text, std::size_t at) {
  const bool has_prefix = at + 1 < text.size() && is_one_of(text[at], "bur") && is_one_of(text[at + 1], "'\"");
  const std::size_t begin = at + (has_prefix ? 1 : 0);
  const std::size_t quote = behind_backslashes(text, begin);
  if (quote == text.size() || !is_one_of(text[quote], "'\"")) {
    return {};
  }
  return {quote + 1, quote - begin, text[quote]};
}

// Between quotes of the same depth: n backslashes open, and every backslash inside is written 2(n + 1) times as often.
TextValue quoted_value(std::string_view text, const OpenQuote& open) {
  std::size_t backslashes = 0;
  for (std::size_t i = open.begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++backslashes;
      continue;
    }
    const bool closes =
        backslashes < open.backslashes || backslashes % (2 * (open.backslashes + 1)) == open.backslashes;
    if (text[i] == open.quote && closes) {
      return {open.begin, i - std::min(backslashes, open.backslashes), i + 1, true};
    }
    backslashes = 0;
  }
  return {open.begin, text.size(), text.size(), true};
}

// The object or array at `at`.
TextValue container(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (is_one_of(text[i], "[{")) {
      ++depth;
    } else if (is_one_of(text[i], "]}")) {
      --depth;
    } else if (text[i] == '"') {
      const std::size_t first = text.find_last_not_of('\\', i - 1) + 1;
      i = quoted_value(text, {i + 1, i - first, '"'}).whole_end - 1;
    }
    if (depth == 0) {
      return {at, i + 1, i + 1, true};
    }
  }
  return {at, text.size(), text.size(), true};
}

// True when another name and `=` follow.
bool is_before_name(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_name_part(text[end])) {
    ++end;
  }
  return end > at && end < text.size() && text[end] == '=';
}

bool ends_form(std::string_view text, std::size_t at, ValueStyle style) {
  const char c = text[at];
  if (is_one_of(c, "&\"<") || gap_size(text, at) > 0) {
    return true;
  }
  if (style == ValueStyle::kUrlPart && is_one_of(c, "?#/;")) {
    return true;
  }
  if (c == '\\') {
    const std::string_view rest = text.substr(at);
    return rest.starts_with("\\\"") || rest.starts_with("\\'") || rest.starts_with("\\u0026");
  }
  if (c == '%') {
    return style == ValueStyle::kEscapedForm && text.substr(at).starts_with("%26");
  }
  return is_one_of(c, ",;|") && is_before_name(text, at + 1);
}

bool ends_json(std::string_view text, std::size_t at) {
  return is_one_of(text[at], ",}]\"'&\\") || gap_size(text, at) > 0;
}

std::size_t without_trailing_signs(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin && is_one_of(text[end - 1], kTrailingSigns) &&
         mark_size(text.substr(begin, end - begin)) != end - begin) {
    --end;
  }
  return end;
}

}  // namespace

bool is_name_part(char c) {
  return is_alphanumeric(c) || is_one_of(c, kNameSigns);
}

TextValue value_at(std::string_view text, std::size_t at, ValueStyle style) {
  if (const OpenQuote open = open_quote(text, at); open.begin > 0) {
    return quoted_value(text, open);
  }
  if (style == ValueStyle::kJson) {
    if (at < text.size() && is_one_of(text[at], "[{")) {
      return container(text, at);
    }
    std::size_t end = at;
    while (end < text.size() && !ends_json(text, end)) {
      ++end;
    }
    return {at, end, end, false};
  }
  std::size_t end = at;
  while (end < text.size() && !ends_form(text, end, style)) {
    ++end;
  }
  const std::size_t kept_end = without_trailing_signs(text, at, end);
  return {at, kept_end, kept_end, false};
}

std::size_t line_end(std::string_view text, std::size_t at, std::optional<char> quote) {
  std::size_t end = at;
  while (end < text.size() && text[end] != quote && text[end] != '\r' && text[end] != '\n' &&
         !text.substr(end).starts_with(kReplacement) && !text.substr(end).starts_with("\\n") &&
         !text.substr(end).starts_with("\\r")) {
    ++end;
  }
  while (end > at && is_one_of(text[end - 1], " \t\\")) {
    --end;
  }
  return end;
}

}  // namespace twinlog
