#include "ledger/record/secret_key.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <string>

#include "ledger/record/ascii.h"
#include "ledger/record/json_number.h"
#include "ledger/record/redaction.h"
#include "ledger/record/timestamp.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr auto kDroppedEndings =
    std::to_array<std::string_view>({"confirmation", "confirm", "again", "repeat", "repeated", "new", "old", "current",
                                     "value", "plain", "raw", "text"});
constexpr auto kSecretEndings = std::to_array<std::string_view>({
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passphrases",
    "passcode",
    "passcodes",
    "secret",
    "secrets",
    "token",
    "tokens",
    "otp",
    "totp",
    "apikey",
    "apikeys",
    "accesskey",
    "accesskeys",
    "secretkey",
    "secretkeys",
    "privatekey",
    "privatekeys",
    "clientsecret",
    "credential",
    "credentials",
    "assertion",
    "assertions",
    "samlresponse",
    "jwt",
    "jwts",
    "nonce",
    "ticket",
    "csrf",
    "xsrf",
    "codeverifier",
    "recoverycode",
    "recoverycodes",
    "mfacode",
    "mfacodes",
    "otpcode",
    "otpcodes",
    "totpcode",
    "totpcodes",
    "authcode",
    "authcodes",
    "authorizationcode",
    "authorizationcodes",
    "amzsignature",
    "googsignature",
});
constexpr auto kHeaderEndings = std::to_array<std::string_view>({"authorization", "cookie", "cookies"});
constexpr auto kSecretLastWords = std::to_array<std::string_view>({"pw", "pin"});
constexpr auto kSecretWholeKeys = std::to_array<std::string_view>({"signature"});
constexpr std::string_view kPwd = "pwd";
constexpr std::string_view kDigestResponse = "response";
constexpr auto kSessionKeys =
    std::to_array<std::string_view>({"sessionid", "sessid", "jsessionid", "phpsessid", "aspnetsessionid", "sid"});
constexpr auto kPlainWords =
    std::to_array<std::string_view>({"failed", "success", "ok", "expired", "invalid", "missing", "wrong", "changed",
                                     "reset", "required", "enabled", "disabled", "sent", "none"});
constexpr std::size_t kMostPlainBytes = 64;
constexpr double kLeastSecretNumber = 100;

template <typename Words>
bool ends_with_any(std::string_view letters, const Words& words) {
  return std::any_of(words.begin(), words.end(), [letters](std::string_view word) { return letters.ends_with(word); });
}
template <typename Words>
bool is_any(std::string_view letters, const Words& words) {
  return std::find(words.begin(), words.end(), letters) != words.end();
}

constexpr std::size_t kLetters = 26;
constexpr std::size_t letter_pair(char before_last, char last) {
  return static_cast<std::size_t>(before_last - 'a') * kLetters + static_cast<std::size_t>(last - 'a');
}

// Most keys are told by their last two letters alone.
constexpr auto kMayEndSecret = [] {
  std::array<bool, kLetters * kLetters> table{};
  const auto add = [&table](const auto& words) {
    for (const std::string_view word : words) {
      table[letter_pair(word[word.size() - 2], word.back())] = true;
    }
  };
  add(kDroppedEndings);
  add(kSecretEndings);
  add(kHeaderEndings);
  add(kSecretLastWords);
  add(kSecretWholeKeys);
  add(kSessionKeys);
  add(std::array{kPwd, kDigestResponse});
  return table;
}();

bool is_non_ascii_letter(std::string_view bytes, std::size_t size) {
  utf8proc_int32_t code_point = 0;
  if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()), static_cast<utf8proc_ssize_t>(size),
                       &code_point) < 0) {
    return false;
  }
  const utf8proc_category_t category = utf8proc_category(code_point);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/// The letters of a key in lower case, and where words begin in them.
class KeyLetters {
 public:
  explicit KeyLetters(std::string_view key) {
    for (std::size_t i = 0; i < key.size();) {
      const bool is_escape =
          key[i] == '%' && i + 2 < key.size() && hex_value(key[i + 1]) >= 0 && hex_value(key[i + 2]) >= 0;
      if (is_escape) {
        add(static_cast<char>(hex_value(key[i + 1]) * 16 + hex_value(key[i + 2])));
        i += 3;
      } else if (static_cast<std::uint8_t>(key[i]) < 0x80) {
        add(key[i++]);
      } else {
        const std::size_t size = utf8_step(key.substr(i)).size;
        if (is_non_ascii_letter(key.substr(i), size)) {
          add_letter(kOtherLetter, false);
        } else {
          end_word();
        }
        i += size;
      }
    }
  }

  std::string_view view() const { return {letters_.data(), size_}; }

  /// Drops trailing words that say nothing about the value.
  void drop_endings() {
    for (bool is_dropped = true; is_dropped;) {
      is_dropped = false;
      for (const std::string_view word : kDroppedEndings) {
        if (view().ends_with(word)) {
          size_ -= word.size();
          is_dropped = true;
        }
      }
    }
  }

  bool has_last_word(std::string_view word) const {
    return view().ends_with(word) && begins_word_[size_ - word.size()];
  }

 private:
  static constexpr char kOtherLetter = '\x01';

  void end_word() { upper_run_ = 0, is_inside_ = false; }
  void add(char c) {
    if (is_letter(c)) {
      add_letter(to_lower(c), is_upper(c));
    } else {
      end_word();
    }
  }
  void add_letter(char c, bool is_upper_case) {
    begins_word_[size_] = !is_inside_ || (is_upper_case && upper_run_ == 0) || (!is_upper_case && upper_run_ > 1);
    if (is_inside_ && !is_upper_case && upper_run_ > 1) {
      begins_word_[size_ - 1] = true;  // IDToken: the last of several upper-case letters belongs to what follows.
    }
    letters_[size_++] = c;
    upper_run_ = is_upper_case ? upper_run_ + 1 : 0;
    is_inside_ = true;
  }

  std::array<char, kMostKeyBytes> letters_;
  std::array<bool, kMostKeyBytes> begins_word_;
  std::size_t size_ = 0;
  std::size_t upper_run_ = 0;
  bool is_inside_ = false;
};

bool may_be_special(std::string_view key) {
  char last = '\0';
  for (std::size_t i = key.size(); i > 0; --i) {
    const char c = to_lower(key[i - 1]);
    if (is_lower(c) && last != '\0') {
      return kMayEndSecret[letter_pair(c, last)];
    }
    last = is_lower(c) ? c : last;
  }
  return false;
}

// A folder: names of plain characters behind slashes, in one form or the other; with one slash lower-case letters only.
bool is_path(std::string_view text) {
  if (text.starts_with('~')) {
    text.remove_prefix(1);
  } else if (text.size() > 1 && is_letter(text[0]) && text[1] == ':') {
    text.remove_prefix(2);
  }
  std::size_t slashes = 0;
  bool is_lower_case = true;
  for (const char c : text) {
    const bool is_slash = c == '/' || c == '\\';
    slashes += is_slash ? 1 : 0;
    is_lower_case = is_lower_case && (is_slash || is_lower(c));
    if (!is_slash && !is_alphanumeric(c) && std::string_view("._-+ ").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return (text.starts_with('/') || text.starts_with('\\')) && (slashes > 1 || is_lower_case);
}

std::string without_marks(std::string_view key) {
  std::string rest;
  while (!key.empty()) {
    const std::size_t mark = mark_size(key);
    if (mark == 0) {
      rest.push_back(key.front());
    }
    key.remove_prefix(std::max<std::size_t>(mark, 1));
  }
  return rest;
}

KeyKind kind_of_letters(KeyLetters letters) {
  if (is_any(letters.view(), kSessionKeys)) {
    return KeyKind::kSession;
  }
  if (is_any(letters.view(), kSecretWholeKeys)) {
    return KeyKind::kSecret;
  }
  if (letters.view() == kDigestResponse) {
    return KeyKind::kSignature;
  }
  letters.drop_endings();
  if (ends_with_any(letters.view(), kHeaderEndings)) {
    return KeyKind::kHeader;
  }
  if (letters.view().ends_with(kPwd)) {
    return KeyKind::kPwd;
  }
  const bool has_secret_word = std::any_of(kSecretLastWords.begin(), kSecretLastWords.end(),
                                           [&letters](std::string_view word) { return letters.has_last_word(word); });
  return has_secret_word || ends_with_any(letters.view(), kSecretEndings) ? KeyKind::kSecret : KeyKind::kPlain;
}

}  // namespace

KeyKind key_kind(std::string_view key) {
  key.remove_prefix(key.size() - std::min(key.size(), kMostKeyBytes));
  if (key.find(kMarkStart.front()) != std::string_view::npos) {
    return kind_of_letters(KeyLetters(without_marks(key)));
  }
  if (!may_be_special(key) && key.find('%') == std::string_view::npos) {
    return KeyKind::kPlain;
  }
  return kind_of_letters(KeyLetters(key));
}

bool is_secret_key(std::string_view key) {
  const KeyKind kind = key_kind(key);
  return kind == KeyKind::kSecret || kind == KeyKind::kHeader || kind == KeyKind::kPwd;
}

bool is_session_key(std::string_view key) {
  return key_kind(key) == KeyKind::kSession;
}

bool is_plain_value(KeyKind kind, std::string_view text) {
  if (kind == KeyKind::kPwd && is_path(text)) {
    return true;
  }
  if (text.empty() || text.size() > kMostPlainBytes) {
    return false;
  }
  std::array<char, kMostPlainBytes> lower{};
  std::transform(text.begin(), text.end(), lower.begin(), to_lower);
  return is_any(std::string_view(lower.data(), text.size()), kPlainWords) || mark_size(text) == text.size() ||
         rfc3339_time(text).has_value();
}

bool is_count(std::string_view number) {
  const auto value = number_value(number);
  if (!value) {
    return false;
  }
  const auto* integer = std::get_if<std::int64_t>(&*value);
  return integer != nullptr ? *integer < static_cast<std::int64_t>(kLeastSecretNumber)
                            : std::get<double>(*value) < kLeastSecretNumber;
}

}  // namespace twinlog
