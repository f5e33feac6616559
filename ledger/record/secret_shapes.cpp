#include "ledger/record/secret_shapes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "ledger/record/ascii.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::size_t kLeastCredential = 16;
constexpr std::size_t kLeastFormTail = 10;
constexpr std::size_t kMostFormLook = 64;    // Characters among which there must be a digit or both cases.
constexpr std::size_t kMostHeaderLook = 16;  // Characters of base64 that must show the begin of a JSON object.
constexpr std::string_view kKeyBegin = "-----BEGIN ";
constexpr std::string_view kKeyEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kPrivateKey = "PRIVATE KEY";
constexpr std::string_view kJsonSpace = " \t\r\n";

struct Scheme {
  std::string_view name;
  RedactionRule rule;
};
constexpr auto kSchemes = std::to_array<Scheme>({{"bearer", RedactionRule::kBearer},
                                                 {"basic", RedactionRule::kBasic},
                                                 {"digest", RedactionRule::kDigest},
                                                 {"token", RedactionRule::kToken}});

bool is_base64url(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_';
}
bool is_word_character(char c) {
  return is_alphanumeric(c) || c == '_';
}
bool is_upper_or_digit(char c) {
  return is_upper(c) || is_digit(c);
}
bool is_alphanumeric_or_dash(char c) {
  return is_alphanumeric(c) || c == '-';
}

/// A token of a well-known issuer: its first characters and what may follow.
struct TokenForm {
  std::string_view prefix;
  bool (*is_part)(char);
  std::size_t exactly;  // Characters behind the prefix; 0: at least kLeastFormTail, a digit or both cases among them.
};
constexpr auto kTokenForms = std::to_array<TokenForm>({
    {"ghp_", is_word_character, 0},        {"gho_", is_word_character, 0},
    {"ghs_", is_word_character, 0},        {"ghu_", is_word_character, 0},
    {"ghr_", is_word_character, 0},        {"github_pat_", is_word_character, 0},
    {"glpat-", is_base64url, 0},           {"sk_live_", is_word_character, 0},
    {"rk_live_", is_word_character, 0},    {"xoxb-", is_alphanumeric_or_dash, 0},
    {"xoxp-", is_alphanumeric_or_dash, 0}, {"AKIA", is_upper_or_digit, 16},
    {"ASIA", is_upper_or_digit, 16},       {"AIza", is_base64url, 35},
    {"v1.local.", is_base64url, 0},        {"v2.local.", is_base64url, 0},
    {"v3.local.", is_base64url, 0},        {"v4.local.", is_base64url, 0},
    {"v1.public.", is_base64url, 0},       {"v2.public.", is_base64url, 0},
    {"v3.public.", is_base64url, 0},       {"v4.public.", is_base64url, 0},
});

constexpr auto kMayBegin = [] {
  std::array<bool, 256> table{};
  for (const Scheme& scheme : kSchemes) {
    table[static_cast<std::uint8_t>(scheme.name.front())] = true;
    table[static_cast<std::uint8_t>(scheme.name.front() - 'a' + 'A')] = true;
  }
  for (const TokenForm& form : kTokenForms) {
    table[static_cast<std::uint8_t>(form.prefix.front())] = true;
  }
  return table;
}();

template <typename Is>
std::size_t behind_all(std::string_view text, std::size_t at, Is is) {
  while (at < text.size() && is(text[at])) {
    ++at;
  }
  return at;
}

bool has_digit_or_both_cases(std::string_view text) {
  const bool has_upper = std::any_of(text.begin(), text.end(), is_upper);
  const bool has_lower = std::any_of(text.begin(), text.end(), is_lower);
  return (has_upper && has_lower) || std::any_of(text.begin(), text.end(), is_digit);
}

int base64_value(char c) {
  if (is_letter(c)) {
    return is_upper(c) ? c - 'A' : c - 'a' + 26;
  }
  if (is_digit(c)) {
    return c - '0' + 52;
  }
  return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

// The bytes of base64 text of either alphabet; "" when it is none.
std::string base64_bytes(std::string_view text) {
  text = text.substr(0, text.find_last_not_of('=') + 1);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) {
      return "";
    }
    bits = (bits << 6U | static_cast<std::uint32_t>(value)) & 0xFFFFU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU));
    }
  }
  return text.size() % 4 == 1 ? "" : bytes;
}

bool begins_like_object(std::string_view text) {
  const std::string_view front = text.substr(0, kMostHeaderLook);
  const std::string bytes = base64_bytes(front.substr(0, behind_all(front, 0, is_base64url)));
  const std::size_t quote = bytes.find_first_not_of(kJsonSpace, 1);
  return bytes.starts_with('{') && quote != std::string::npos && bytes[quote] == '"';
}

bool ends_like_object(std::string_view base64) {
  if (base64.size() % 4 == 1) {
    return false;
  }
  const std::size_t groups = (base64.size() - 1) / 4;
  const std::string bytes = base64_bytes(base64.substr((groups - std::min<std::size_t>(groups, 1)) * 4));
  const std::size_t last = bytes.find_last_not_of(kJsonSpace);
  return last != std::string::npos && bytes[last] == '}';
}

bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

// User and password: text with a colon, and where it is short nothing but text.
bool is_basic_credential(std::string_view token) {
  const std::string bytes = base64_bytes(token);
  if (bytes.find(':') == std::string::npos) {
    return false;
  }
  return is_credential(token) ||
         (has_digit_or_both_cases(token) && std::all_of(bytes.begin(), bytes.end(), is_printable));
}

bool starts_with_word(std::string_view text, std::string_view lower_word) {
  return text.size() >= lower_word.size() && std::equal(lower_word.begin(), lower_word.end(), text.begin(),
                                                        [](char a, char b) { return a == to_lower(b); });
}

FoundSecret found(std::size_t whole_begin, std::size_t begin, std::size_t end, RedactionRule rule) {
  return {whole_begin, begin, end, end, rule};
}

FoundSecret scheme_credentials(const TextPlace& place) {
  for (const Scheme& scheme : kSchemes) {
    if (!starts_with_word(place.rest(), scheme.name) || !place.begins_word()) {
      continue;
    }
    const std::size_t behind_name = place.at + scheme.name.size();
    const std::size_t begin = behind_gaps(place.text, behind_name);
    if (begin == behind_name) {
      return {};
    }
    const std::size_t end = behind_token68(place.text, begin);
    const std::string_view token = place.text.substr(begin, end - begin);
    const bool is_secret = scheme.rule == RedactionRule::kBasic ? is_basic_credential(token) : is_credential(token);
    return is_secret ? found(place.at, begin, end, scheme.rule) : FoundSecret{};
  }
  return {};
}

FoundSecret known_token(const TextPlace& place) {
  const std::string_view rest = place.rest();
  for (const TokenForm& form : kTokenForms) {
    if (!rest.starts_with(form.prefix) || !place.begins_word()) {
      continue;
    }
    const std::size_t begin = place.at + form.prefix.size();
    const std::size_t looked_at = form.exactly > 0 ? form.exactly : kMostFormLook;
    std::size_t end = behind_all(place.text.substr(0, begin + looked_at), begin, form.is_part);
    const std::string_view front = place.text.substr(begin, end - begin);
    const bool is_whole = form.exactly > 0 ? front.size() == form.exactly
                                           : front.size() >= kLeastFormTail && has_digit_or_both_cases(front);
    if (is_whole && form.exactly == 0) {
      end = behind_all(place.text, end, form.is_part);
    }
    return is_whole ? found(place.at, place.at, end, RedactionRule::kToken) : FoundSecret{};
  }
  return {};
}

// What stands between the dashes of a PEM line.
std::size_t behind_label(std::string_view text, std::size_t at) {
  return behind_all(text, at, [](char c) { return is_upper_or_digit(c) || c == ' '; });
}

bool is_key_part(char c) {
  return is_alphanumeric(c) || c == '+' || c == '/' || c == '=';
}

// The end of the words behind a key's first line that can be its base64.
std::size_t behind_key_text(std::string_view text, std::size_t at) {
  for (;;) {
    const std::size_t begin = behind_gaps(text, at);
    const std::size_t end = behind_all(text, begin, is_key_part);
    const bool is_part = end > begin && (end == text.size() || gap_size(text, end) > 0);
    if (!is_part) {
      return at;
    }
    at = end;
  }
}

}  // namespace

bool TextPlace::begins_word() const {
  if (at == barrier || !is_alphanumeric(text[at - 1])) {
    return true;
  }
  // What is escaped in front of it is no part of the word: %20ghp_..., \nghp_...
  const bool is_percent =
      at >= barrier + 3 && text[at - 3] == '%' && hex_value(text[at - 2]) >= 0 && hex_value(text[at - 1]) >= 0;
  const bool is_backslash =
      at >= barrier + 2 && text[at - 2] == '\\' && std::string_view("nrt").find(text[at - 1]) != std::string_view::npos;
  return is_percent || is_backslash;
}

std::size_t gap_size(std::string_view text, std::size_t at) {
  if (at >= text.size()) {
    return 0;
  }
  if (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n') {
    return 1;
  }
  return text.substr(at).starts_with(kReplacement) ? kReplacement.size() : 0;
}

std::size_t behind_gaps(std::string_view text, std::size_t at) {
  while (const std::size_t size = gap_size(text, at)) {
    at += size;
  }
  return at;
}

std::size_t behind_text(std::string_view text, std::size_t at) {
  while (at < text.size() && gap_size(text, at) == 0) {
    ++at;
  }
  return at;
}

std::size_t behind_token68(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  at = behind_all(text, at, [](char c) {
    return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
  });
  const std::size_t end = behind_all(text, at, [](char c) { return c == '='; });
  if (end > at) {
    return end;
  }
  while (at > begin && text[at - 1] == '.') {
    --at;
  }
  return at;
}

bool is_credential(std::string_view token) {
  return token.size() >= kLeastCredential && has_digit_or_both_cases(token);
}

FoundSecret ShapeFinder::find(const TextPlace& place) {
  const char c = place.text[place.at];
  if (c == '-') {
    return private_key(place);
  }
  if (c == 'e') {
    return json_token(place);
  }
  if (!kMayBegin[static_cast<std::uint8_t>(c)]) {
    return {};
  }
  const FoundSecret credentials = scheme_credentials(place);
  if (!credentials.is_found()) {
    return known_token(place);
  }
  if (credentials.rule == RedactionRule::kToken) {  // "token eyJ..." is more of a word than of a scheme.
    const FoundSecret token = json_token({place.text, credentials.begin, place.barrier});
    return token.is_found() ? token : credentials;
  }
  return credentials;
}

FoundSecret ShapeFinder::private_key(const TextPlace& place) {
  const std::string_view text = place.text;
  if (!place.rest().starts_with(kKeyBegin)) {
    return {};
  }
  const std::size_t label = place.at + kKeyBegin.size();
  const std::size_t label_end = behind_label(text, label);
  if (!text.substr(label_end).starts_with(kDashes) ||
      text.substr(label, label_end - label).find(kPrivateKey) == std::string_view::npos) {
    return {};
  }
  const std::size_t body = label_end + kDashes.size();
  std::size_t end = has_no_key_end_ ? std::string_view::npos : text.find(kKeyEnd, body);
  has_no_key_end_ = end == std::string_view::npos;
  if (has_no_key_end_) {
    end = behind_key_text(text, body);
    return end > body ? found(place.at, place.at, end, RedactionRule::kPem) : FoundSecret{};
  }
  end = behind_label(text, end + kKeyEnd.size());
  end += text.substr(end).starts_with(kDashes) ? kDashes.size() : 0;
  return found(place.at, place.at, end, RedactionRule::kPem);
}

// Three parts (JWS), or five of which the last two are not empty (JWE); the first is base64url of a JSON object.
FoundSecret ShapeFinder::json_token(const TextPlace& place) {
  const std::string_view text = place.text;
  if (place.at < no_token_before_ || !begins_like_object(place.rest())) {
    return {};
  }
  if (place.at >= segment_end_) {
    segment_end_ = behind_all(text, place.at, is_base64url);
  }
  if (!ends_like_object(text.substr(place.at, segment_end_ - place.at))) {
    return {};
  }
  std::array<std::size_t, 5> ends{segment_end_};
  std::size_t parts = 1;
  while (parts < ends.size() && ends[parts - 1] < text.size() && text[ends[parts - 1]] == '.') {
    ends[parts] = behind_all(text, ends[parts - 1] + 1, is_base64url);
    ++parts;
  }
  if (parts < 3) {
    no_token_before_ = segment_end_;  // Every other begin in this segment has the same parts behind it.
    return {};
  }
  const bool is_encrypted = parts == 5 && ends[3] > ends[2] + 1 && ends[4] > ends[3] + 1;
  return found(place.at, place.at, is_encrypted ? ends[4] : ends[2], RedactionRule::kJwt);
}

}  // namespace twinlog
