#include "ledger/record/redaction.h"

#include <algorithm>

namespace twinlog {
namespace {

constexpr auto kSecretWords =
    std::to_array<std::string_view>({"password", "passwd", "pwd", "secret", "token", "authorization", "cookie", "otp"});
constexpr auto kSecretEndings = std::to_array<std::string_view>({"private_key", "client_secret", "api_key"});
constexpr std::string_view kPemStart = "-----BEGIN ";
constexpr std::string_view kJwtStart = "eyJ";
constexpr std::size_t kLeastJwtHeader = 7;  // "eyJ" and four more.
constexpr std::size_t kLeastJwtDots = 2;    // A JWS has 2, a JWE 4.
constexpr std::size_t kMostJwtDots = 4;
constexpr std::size_t kLeastCredentials = 8;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_upper(c) || is_lower(c) || is_digit(c);
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_base64url(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_';
}
bool is_token68(char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/' || c == '=';
}

// The key in lower case with one `_` between words.
std::string joined_words(std::string_view key) {
  std::string words;
  words.reserve(key.size() + 8);
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    const bool is_separator = c == '-' || c == '_' || c == '.';
    const bool ends_word = i > 0 && is_upper(c) && !is_upper(key[i - 1]);
    const bool ends_acronym =
        i > 0 && is_upper(c) && is_upper(key[i - 1]) && i + 1 < key.size() && is_lower(key[i + 1]);
    if ((is_separator || ends_word || ends_acronym) && !words.empty() && words.back() != '_') {
      words.push_back('_');
    }
    if (!is_separator) {
      words.push_back(lower(c));
    }
  }
  if (!words.empty() && words.back() == '_') {
    words.pop_back();
  }
  return words;
}

bool starts_with_word(std::string_view text, std::string_view lower_word) {
  return text.size() >= lower_word.size() &&
         std::equal(lower_word.begin(), lower_word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

std::size_t count_spaces(std::string_view text) {
  return std::min(text.find_first_not_of(' '), text.size());
}

// The length of "<scheme> " with all its spaces when something follows; 0 otherwise.
std::size_t scheme_length(std::string_view text, std::string_view scheme) {
  if (!starts_with_word(text, scheme)) {
    return 0;
  }
  const std::size_t spaces = count_spaces(text.substr(scheme.size()));
  const std::size_t length = scheme.size() + spaces;
  return spaces > 0 && length < text.size() ? length : 0;
}

struct Match {
  std::size_t size = 0;  // 0: none.
  RedactionRule rule = RedactionRule::kJwt;
};

// A scheme inside of other text, with what really looks like credentials behind it.
Match credentials_at(std::string_view text, std::string_view scheme, RedactionRule rule) {
  const std::size_t begin = scheme_length(text, scheme);
  if (begin == 0) {
    return {};
  }
  std::size_t end = begin;
  while (end < text.size() && is_token68(text[end])) {
    ++end;
  }
  if (end - begin < kLeastCredentials) {
    return {};
  }
  const std::string_view tail = text.substr(begin + 1, end - begin - 1);
  return std::all_of(tail.begin(), tail.end(), is_lower) ? Match{} : Match{end, rule};
}

// A whole string that is a scheme and whatever follows.
std::optional<RedactionRule> whole_rule(std::string_view text) {
  const std::string_view rest = text.substr(count_spaces(text));
  if (scheme_length(rest, "bearer") > 0) {
    return RedactionRule::kBearer;
  }
  if (scheme_length(rest, "basic") > 0) {
    return RedactionRule::kBasic;
  }
  return std::nullopt;
}

std::string counted_mark(RedactionRule rule, RedactionCounts& counts) {
  ++counts[static_cast<std::size_t>(rule)];
  return redaction_mark(rule);
}

/// Looks for secrets from place to place of one string, in ascending order; linear in the string's length.
class SecretScanner {
 public:
  explicit SecretScanner(std::string_view text) : text_(text) {}

  /// What begins at `at`.
  Match match_at(std::size_t at) {
    const std::string_view rest = text_.substr(at);
    switch (rest.front()) {
      case '-':
        return rest.starts_with(kPemStart) ? Match{rest.size(), RedactionRule::kPem} : Match{};
      case 'e':
        return at >= no_jwt_before_ && rest.starts_with(kJwtStart) ? jwt_at(at) : Match{};
      case 'b':
      case 'B': {
        if (at > 0 && is_alphanumeric(text_[at - 1])) {
          return {};
        }
        const Match bearer = credentials_at(rest, "bearer", RedactionRule::kBearer);
        return bearer.size > 0 ? bearer : credentials_at(rest, "basic", RedactionRule::kBasic);
      }
      default:
        return {};
    }
  }

 private:
  std::size_t behind_segment(std::size_t at) const {
    while (at < text_.size() && is_base64url(text_[at])) {
      ++at;
    }
    return at;
  }

  Match jwt_at(std::size_t at) {
    const std::size_t header_end = behind_segment(at);
    std::size_t end = header_end;
    std::size_t dots = 0;
    while (dots < kMostJwtDots && end < text_.size() && text_[end] == '.') {
      end = behind_segment(end + 1);
      ++dots;
    }
    if (dots >= kLeastJwtDots && header_end - at >= kLeastJwtHeader) {
      return {end - at, RedactionRule::kJwt};
    }
    // Every other start in this segment has the same dots behind it and a shorter header.
    no_jwt_before_ = header_end;
    return {};
  }

  std::string_view text_;
  std::size_t no_jwt_before_ = 0;
};

}  // namespace

std::string_view redaction_rule_text(RedactionRule rule) {
  static constexpr auto kTexts = std::to_array<std::string_view>({"key", "jwt", "bearer", "basic", "pem"});
  static_assert(kTexts.size() == kRedactionRules);
  return kTexts[static_cast<std::size_t>(rule)];
}

std::string redaction_mark(RedactionRule rule) {
  return "[redacted:" + std::string(redaction_rule_text(rule)) + "]";
}

bool is_secret_key(std::string_view key) {
  const std::string words = joined_words(key);
  const std::string_view last = std::string_view(words).substr(words.rfind('_') + 1);
  return std::find(kSecretWords.begin(), kSecretWords.end(), last) != kSecretWords.end() ||
         std::any_of(kSecretEndings.begin(), kSecretEndings.end(),
                     [&words](std::string_view ending) { return words.ends_with(ending); });
}

std::optional<std::string> redacted(std::string_view text, RedactionCounts& counts) {
  if (const auto rule = whole_rule(text)) {
    return counted_mark(*rule, counts);
  }
  std::optional<std::string> result;
  SecretScanner scanner(text);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Match match = scanner.match_at(i);
    if (match.size == 0) {
      ++i;
      continue;
    }
    if (!result) {
      result.emplace();
    }
    result->append(text.substr(kept, i - kept)).append(counted_mark(match.rule, counts));
    i += match.size;
    kept = i;
  }
  if (result) {
    result->append(text.substr(kept));
  }
  return result;
}

}  // namespace twinlog
