#include "ledger/record/secret_places.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ledger/record/ascii.h"
#include "ledger/record/json_number.h"
#include "ledger/record/redaction.h"
#include "ledger/record/secret_key.h"
#include "ledger/record/text_value.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostRawPassword = 256;
constexpr std::size_t kLeastHash = 32;
constexpr auto kHeaderSchemes =
    std::to_array<std::string_view>({"bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "oauth",
                                     "hawk", "dpop", "hmac", "aws4-hmac-sha256", "scram-sha-1", "scram-sha-256"});

/// A name in front of a value.
struct Name {
  std::size_t begin = 0;
  std::string_view text;
  bool is_quoted = false;
  bool is_apart = false;  // White space stands between it and what follows.
};

// The last bytes of the name that ends at `end`, without what a URL escapes in front of it.
Name bare_name(const TextPlace& place, std::size_t end) {
  std::size_t begin = end;
  while (begin > place.barrier && end - begin < kMostKeyBytes && is_name_part(place.text[begin - 1])) {
    --begin;
  }
  for (std::size_t i = begin; i + 2 < end; ++i) {
    const int high = hex_value(place.text[i + 1]);
    const int low = hex_value(place.text[i + 2]);
    if (place.text[i] == '%' && high >= 0 && low >= 0 && !is_name_part(static_cast<char>(high * 16 + low))) {
      begin = i + 3;
    }
  }
  return {begin, place.text.substr(begin, end - begin), false, false};
}

Name quoted_name(const TextPlace& place, std::size_t quote) {
  const char mark = place.text[quote];
  std::size_t begin = quote;
  while (begin > place.barrier && quote - begin < kMostKeyBytes && place.text[begin - 1] != mark) {
    --begin;
  }
  return {begin, place.text.substr(begin, quote - begin), true, false};
}

// The name that ends before `at`.
Name name_before(const TextPlace& place) {
  std::size_t end = place.at;
  while (end > place.barrier && place.text[end - 1] == ' ') {
    --end;
  }
  if (end == place.barrier) {
    return {};
  }
  const bool is_quoted = place.text[end - 1] == '"' || place.text[end - 1] == '\'';
  Name name = is_quoted ? quoted_name(place, end - 1) : bare_name(place, end);
  name.is_apart = end != place.at;
  return name;
}

RedactionRule rule_of(KeyKind kind) {
  return kind == KeyKind::kSession     ? RedactionRule::kSession
         : kind == KeyKind::kSignature ? RedactionRule::kDigest
                                       : RedactionRule::kKey;
}

bool is_hash(std::string_view text) {
  return text.size() >= kLeastHash && std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

// What an answer to a challenge begins with, or what was taken already.
bool may_be_hash(std::string_view text, std::size_t at) {
  const bool has_prefix = at + 1 < text.size() && std::string_view("bur").find(text[at]) != std::string_view::npos &&
                          std::string_view("'\"").find(text[at + 1]) != std::string_view::npos;
  const std::size_t begin = std::min(text.find_first_not_of("\\'\"", at + (has_prefix ? 1U : 0U)), text.size());
  return mark_size(text.substr(begin)) > 0 || is_hash(text.substr(begin, kLeastHash));
}

bool is_literal(std::string_view words) {
  const auto is_equal = [](char a, char b) { return to_lower(a) == b; };
  const auto is_spelled = [&](std::string_view literal) {
    return std::equal(words.begin(), words.end(), literal.begin(), literal.end(), is_equal);
  };
  return is_spelled("true") || is_spelled("false") || is_spelled("null");
}

// False for what stands as evidence under a secret's name.
bool is_secret_value(KeyKind kind, const TextValue& value, std::string_view words) {
  if (mark_size(words) == words.size()) {
    return true;  // Taken already: the search knows it.
  }
  if (kind == KeyKind::kSignature) {
    return is_hash(words);
  }
  if (is_plain_value(kind, words) || words.empty()) {
    return false;
  }
  return value.is_quoted || !(is_literal(words) || (is_json_number(words) && is_count(words)));
}

// The value at `at`, if it is a secret. What is none is short, or not looked at any further than this.
FoundSecret judged(const TextPlace& place, const Name& name, KeyKind kind, std::size_t at, ValueStyle style) {
  if (kind == KeyKind::kSignature && !may_be_hash(place.text, at)) {
    return {};
  }
  const TextValue value = value_at(place.text, at, style);
  if (!is_secret_value(kind, value, place.text.substr(value.begin, value.end - value.begin))) {
    return {};
  }
  return {name.begin, value.begin, value.end, value.whole_end, rule_of(kind)};
}

// `key=value` of queries, forms and settings; `key => value`, `"key" = value`.
FoundSecret behind_equals(const TextPlace& place) {
  const bool is_escaped = place.text[place.at] == '%';
  const Name name = name_before(place);
  const KeyKind kind = key_kind(name.text);
  if (kind == KeyKind::kPlain || (is_escaped && (name.is_apart || name.is_quoted))) {
    return {};
  }
  std::size_t begin = place.at + (is_escaped ? 3 : 1);
  bool may_be_apart = name.is_apart || name.is_quoted;
  while (!is_escaped && begin < place.text.size() && (place.text[begin] == '>' || place.text[begin] == '=')) {
    ++begin;
    may_be_apart = true;
  }
  if (may_be_apart) {
    begin = behind_gaps(place.text, begin);
  }
  const ValueStyle style = is_escaped                  ? ValueStyle::kEscapedForm
                           : kind == KeyKind::kSession ? ValueStyle::kUrlPart
                                                       : ValueStyle::kForm;
  return judged(place, name, kind, begin, style);
}

// `"key":value` as in JSON, or as languages print their objects.
FoundSecret behind_quoted_name(const TextPlace& place, const Name& name) {
  const KeyKind kind = key_kind(name.text);
  if (kind == KeyKind::kPlain) {
    return {};
  }
  const std::size_t begin = behind_gaps(place.text, place.at + 1);
  if (const std::size_t size = mark_size(place.text.substr(begin)); size > 0) {
    return {name.begin, begin, begin + size, begin + size, rule_of(kind)};
  }
  return judged(place, name, kind, begin, ValueStyle::kJson);
}

// White space of the same line: a tab may have become U+FFFD.
std::size_t behind_line_gaps(std::string_view text, std::size_t at) {
  const std::size_t tab = std::min(text.find_first_not_of(' ', at), text.size());
  const std::size_t size = text.substr(tab).starts_with(kReplacement) ? kReplacement.size() : 0;
  return std::min(text.find_first_not_of(" \t", tab + size), text.size());
}

std::size_t behind_lower_word(std::string_view text, std::size_t at) {
  while (at < text.size() && is_lower(text[at])) {
    ++at;
  }
  return at;
}

// Words of a message, as in "authorization: denied for user 7": two plain ones at least.
bool is_prose(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) {
    return false;
  }
  const std::size_t first_end = behind_lower_word(text, 1);
  if (!text.substr(first_end).starts_with(' ')) {
    return false;
  }
  const std::size_t second_end = behind_lower_word(text, first_end + 1);
  const bool ends =
      second_end == text.size() || std::string_view(" .,;:!").find(text[second_end]) != std::string_view::npos;
  return second_end > first_end + 1 && ends;
}

// The place behind the name of an authentication scheme, which is no secret.
std::size_t behind_scheme(std::string_view text, std::size_t begin) {
  for (const std::string_view scheme : kHeaderSchemes) {
    const std::string_view front = text.substr(begin, scheme.size());
    const std::size_t end = begin + scheme.size();
    if (std::equal(front.begin(), front.end(), scheme.begin(), scheme.end(),
                   [](char a, char b) { return to_lower(a) == b; }) &&
        gap_size(text, end) > 0) {
      return behind_gaps(text, end);
    }
  }
  return begin;
}

FoundSecret header_line(const TextPlace& place, const Name& name) {
  const std::string_view text = place.text;
  const std::size_t begin = behind_scheme(text, behind_line_gaps(text, place.at + 1));
  if (is_prose(text.substr(begin))) {
    return {};
  }
  const bool has_quote = name.begin > place.barrier && (text[name.begin - 1] == '"' || text[name.begin - 1] == '\'');
  const std::size_t end = line_end(text, begin, has_quote ? std::optional(text[name.begin - 1]) : std::nullopt);
  const TextValue value{begin, end, end, false};
  if (!is_secret_value(KeyKind::kHeader, value, text.substr(begin, end - begin))) {
    return {};
  }
  return {name.begin, begin, end, end, RedactionRule::kHeader};
}

// `X-Api-Key: value`: of other names only what looks like credentials.
FoundSecret named_credential(const TextPlace& place, const Name& name, KeyKind kind) {
  const std::size_t begin = behind_line_gaps(place.text, place.at + 1);
  const std::size_t end = behind_token68(place.text, begin);
  const std::string_view token = place.text.substr(begin, end - begin);
  if (!is_credential(token) || is_plain_value(kind, token) || (kind == KeyKind::kSignature && !is_hash(token))) {
    return {};
  }
  return {name.begin, begin, end, end, rule_of(kind)};
}

bool ends_authority(std::string_view text, std::size_t at) {
  return std::string_view("/?#\"<>\\").find(text[at]) != std::string_view::npos || gap_size(text, at) > 0;
}
bool ends_url(std::string_view text, std::size_t at) {
  return std::string_view("\"<>[").find(text[at]) != std::string_view::npos || gap_size(text, at) > 0;
}
template <typename Ends>
std::size_t find_end(std::string_view text, std::size_t at, Ends ends) {
  while (at < text.size() && !ends(text, at)) {
    ++at;
  }
  return at;
}

// The place of the `@` behind a password: the last one in the authority. A password with a bare `/`, `?` or `#` ends
// the authority early; that shows, because what stands there is no port then.
std::size_t behind_password(std::string_view text, std::size_t begin, std::size_t authority_end) {
  const std::string_view port = text.substr(begin, authority_end - begin);
  if (const std::size_t at = port.rfind('@'); at != std::string_view::npos) {
    return begin + at;
  }
  if (std::all_of(port.begin(), port.end(), is_digit)) {
    return begin;
  }
  const std::size_t end = find_end(text.substr(0, begin + kMostRawPassword), authority_end, ends_url);
  const std::size_t first = text.substr(0, end).find('@', authority_end);
  if (first == std::string_view::npos) {
    return begin;
  }
  return text.substr(0, find_end(text, first, ends_authority)).rfind('@');
}

// scheme://user:password@host
FoundSecret url_password(const TextPlace& place, std::size_t authority) {
  const std::string_view text = place.text;
  const std::size_t authority_end = find_end(text, authority, ends_authority);
  std::size_t colon = authority;
  for (std::size_t mark = 0; colon < authority_end && text[colon] != ':' && text[colon] != '@';
       colon += std::max<std::size_t>(mark, 1)) {
    mark = mark_size(text.substr(colon));
    if (text[colon] == '[' && mark == 0) {
      return {};
    }
  }
  if (colon >= authority_end || text[colon] != ':') {
    return {};
  }
  const std::size_t begin = colon + 1;
  const std::size_t end = behind_password(text, begin, authority_end);
  if (end <= begin) {
    return {};
  }
  std::size_t whole_begin = place.at;
  while (whole_begin > place.barrier && is_alphanumeric(text[whole_begin - 1])) {
    --whole_begin;
  }
  return {whole_begin, begin, end, end, RedactionRule::kUrl};
}

FoundSecret behind_colon(const TextPlace& place) {
  for (const std::string_view slashes : {"://", ":\\/\\/"}) {
    if (place.rest().starts_with(slashes)) {
      return url_password(place, place.at + slashes.size());
    }
  }
  const Name name = name_before(place);
  if (name.is_quoted) {
    return behind_quoted_name(place, name);
  }
  const KeyKind kind = name.is_apart ? KeyKind::kPlain : key_kind(name.text);
  if (kind == KeyKind::kPlain) {
    return {};
  }
  return kind == KeyKind::kHeader ? header_line(place, name) : named_credential(place, name, kind);
}

}  // namespace

FoundSecret secret_behind_name(const TextPlace& place) {
  if (place.at == place.barrier) {
    return {};
  }
  return place.text[place.at] == ':' ? behind_colon(place) : behind_equals(place);
}

}  // namespace twinlog
