#include "ledger/record/redaction.h"

#include <algorithm>

#include "ledger/record/secret_places.h"
#include "ledger/record/secret_shapes.h"

namespace twinlog {
namespace {

constexpr auto kRuleTexts = std::to_array<std::string_view>(
    {"key", "jwt", "bearer", "basic", "digest", "token", "pem", "header", "url", "session"});
static_assert(kRuleTexts.size() == kRedactionRules);

/// Finds the secrets of one text from left to right.
class SecretSearch {
 public:
  explicit SecretSearch(std::string_view text) : place_{text} {}

  /// The next secret; one that is not found when there is none left.
  Secret next() {
    while (place_.at < place_.text.size()) {
      const Secret secret = secret_at_place();
      if (secret.is_found()) {
        pass(secret.end);
        return secret;
      }
    }
    return {};
  }

 private:
  // What begins here; otherwise goes on.
  Secret secret_at_place() {
    const std::string_view rest = place_.rest();
    const char c = rest.front();
    if (c == '[') {
      if (const std::size_t size = mark_size(rest); size > 0) {
        pass(place_.at + size);
        return {};
      }
    }
    const bool is_behind_name =
        c == '=' || c == ':' || (c == '%' && (rest.starts_with("%3D") || rest.starts_with("%3d")));
    const Secret secret = is_behind_name ? secret_behind_name(place_) : shapes_.find(place_);
    place_.at += secret.is_found() ? 0U : 1U;
    return secret;
  }
  void pass(std::size_t end) {
    place_.at = end;
    place_.barrier = end;
  }

  TextPlace place_;
  ShapeFinder shapes_;
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
  for (Secret secret = search.next(); secret.is_found(); secret = search.next()) {
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

std::optional<std::string> redacted_name(std::string_view text, RedactionCounts& counts) {
  const Secret secret = SecretSearch(text).next();
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
