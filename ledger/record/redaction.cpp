#include "ledger/record/redaction.h"

#include <algorithm>
#include <utility>

#include "ledger/record/secret_places.h"
#include "ledger/record/secret_shapes.h"

namespace twinlog {
namespace {

constexpr auto kRuleTexts = std::to_array<std::string_view>(
    {"key", "jwt", "bearer", "basic", "digest", "token", "pem", "header", "url", "session"});
static_assert(kRuleTexts.size() == kRedactionRules);

/// The first two bytes of all that a rule can begin with, so that ordinary text costs two look-ups a byte.
class Beginnings {
 public:
  constexpr Beginnings() {
    for (const char c : std::string_view("=:[")) {
      first_[byte(c)] = kAlone;
    }
    add("e", "wxyz0123456789-_");  // base64url of {
    add("-", "-");
    add("bB", "eEaA");  // bearer, basic
    add("dD", "iI");    // digest
    add("tT", "oO");    // token
    add("g", "hil");    // ghp_, github_pat_, glpat-
    add("sr", "k");     // sk_live_, rk_live_
    add("x", "o");      // xoxb-
    add("A", "KSI");    // AKIA, ASIA, AIza
    add("v", "1234");
    add("%", "3");  // %3D
  }

  /// The first place from `at` on where a rule may begin.
  std::size_t next(std::string_view text, std::size_t at) const {
    for (; at < text.size(); ++at) {
      const std::uint16_t kinds = first_[byte(text[at])];
      if (kinds != 0 &&
          ((kinds & kAlone) != 0 || (at + 1 < text.size() && (kinds & second_[byte(text[at + 1])]) != 0))) {
        return at;
      }
    }
    return at;
  }

 private:
  static constexpr std::uint16_t kAlone = 1;

  static constexpr std::size_t byte(char c) { return static_cast<std::uint8_t>(c); }
  constexpr void add(std::string_view first, std::string_view second) {
    kind_ = static_cast<std::uint16_t>(kind_ * 2);
    for (const char c : first) {
      first_[byte(c)] |= kind_;
    }
    for (const char c : second) {
      second_[byte(c)] |= kind_;
    }
  }

  std::uint16_t kind_ = kAlone;
  std::array<std::uint16_t, 256> first_{};
  std::array<std::uint16_t, 256> second_{};
};
constexpr Beginnings kBeginnings;

/// Finds the secrets of one text from left to right.
class SecretSearch {
 public:
  explicit SecretSearch(std::string_view text) : place_{text} {}

  /// The next secret; one that is not found when there is none left.
  FoundSecret next() {
    while (go_on()) {
      const FoundSecret secret = secret_at_place();
      if (secret.is_found()) {
        pass(secret.end);
        if (mark_size(place_.text.substr(secret.begin, secret.end - secret.begin)) != secret.end - secret.begin) {
          return secret;
        }
      }
    }
    return {};
  }

 private:
  // To the next place that may matter; false at the end.
  bool go_on() {
    const std::size_t next = kBeginnings.next(place_.text, place_.at);
    place_.at = ahead_.is_found() ? std::min(next, ahead_.begin) : next;
    return place_.at < place_.text.size();
  }

  // What begins here; otherwise goes on.
  FoundSecret secret_at_place() {
    if (ahead_.is_found() && place_.at == ahead_.begin) {
      return std::exchange(ahead_, {});
    }
    const std::string_view rest = place_.rest();
    const char c = rest.front();
    if (const std::size_t size = c == '[' ? mark_size(rest) : 0; size > 0) {
      pass(place_.at + size);
      return {};
    }
    const bool is_behind_name =
        !ahead_.is_found() && (c == '=' || c == ':' || rest.starts_with("%3D") || rest.starts_with("%3d"));
    const FoundSecret secret = is_behind_name ? secret_behind_name(place_) : shapes_.find(place_);
    if (secret.is_found() && secret.begin == place_.at && (!ahead_.is_found() || secret.end <= ahead_.begin)) {
      return secret;
    }
    if (secret.is_found() && !ahead_.is_found()) {
      ahead_ = secret;
    }
    ++place_.at;
    return {};
  }
  void pass(std::size_t end) {
    place_.at = end;
    place_.barrier = end;
  }

  TextPlace place_;
  ShapeFinder shapes_;
  FoundSecret
      ahead_;  // Found already, but something may stand before it: a token as the user of a URL with a password.
};

std::string counted_mark(RedactionRule rule, RedactionCounts& counts) {
  ++counts[static_cast<std::size_t>(rule)];
  return redaction_mark(rule);
}

}  // namespace

std::string_view redaction_rule_text(RedactionRule rule) {
  return kRuleTexts[static_cast<std::size_t>(rule)];
}

std::string redaction_mark(RedactionRule rule) {
  return std::string(kMarkStart).append(redaction_rule_text(rule)).append("]");
}

std::size_t mark_size(std::string_view text) {
  if (text.size() <= kMarkStart.size()) {
    return kMarkStart.starts_with(text) ? text.size() : 0;
  }
  if (!text.starts_with(kMarkStart)) {
    return 0;
  }
  const std::string_view rest = text.substr(kMarkStart.size());
  const auto* const rule = std::find_if(kRuleTexts.begin(), kRuleTexts.end(), [rest](std::string_view each) {
    return each.starts_with(rest) || (rest.starts_with(each) && rest.substr(each.size()).starts_with(']'));
  });
  return rule == kRuleTexts.end() ? 0 : kMarkStart.size() + std::min(rule->size() + 1, rest.size());
}

std::optional<std::string> redacted(std::string_view text, RedactionCounts& counts) {
  SecretSearch search(text);
  std::optional<std::string> result;
  std::size_t kept = 0;
  for (FoundSecret secret = search.next(); secret.is_found(); secret = search.next()) {
    if (!result) {
      result.emplace();
    }
    result->append(text.substr(kept, secret.begin - kept)).append(counted_mark(secret.rule, counts));
    kept = secret.end;
  }
  if (result) {
    result->append(text.substr(kept));
  }
  return result;
}

bool holds_token(std::string_view text) {
  ShapeFinder shapes;
  for (std::size_t at = kBeginnings.next(text, 0); at < text.size(); at = kBeginnings.next(text, at + 1)) {
    if (shapes.find({.text = text, .at = at, .barrier = 0}).is_found()) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> redacted_name(std::string_view text, RedactionCounts& counts) {
  const FoundSecret secret = SecretSearch(text).next();
  const std::size_t end = secret.rule == RedactionRule::kUrl ? behind_text(text, secret.end) : secret.whole_end;
  const bool is_whole =
      secret.is_found() && behind_gaps(text, 0) >= secret.whole_begin && behind_gaps(text, end) == text.size();
  if (!is_whole) {
    return std::nullopt;
  }
  std::string result(text.substr(0, secret.begin));
  return result.append(counted_mark(secret.rule, counts)).append(text.substr(secret.end));
}

}  // namespace twinlog
