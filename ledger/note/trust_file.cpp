#include "ledger/note/trust_file.h"

#include <algorithm>
#include <charconv>

#include "ledger/note/origin.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

using Words = std::vector<std::string_view>;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Up to a word that begins with '#'.
Words words_of(std::string_view line) {
  Words words;
  while (true) {
    line.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(line, is_blank) - line.begin()));
    if (line.empty() || line.front() == '#') {
      return words;
    }
    const auto size = static_cast<std::size_t>(std::ranges::find_if(line, is_blank) - line.begin());
    words.push_back(line.substr(0, size));
    line.remove_prefix(size);
  }
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Takes statements; each gives what is wrong with it, "" when it is right.
class StatementTaker {
 public:
  std::string take(const Words& words) {
    if (words[0] == "revoked") {
      return take_revoked(words);
    }
    if (words[0] == "unproved") {
      return take_unproved(words);
    }
    return take_key(words);
  }
  TrustFile take_file() { return std::move(file_); }
  bool has_key() const { return !file_.keys.empty(); }

 private:
  std::string take_key(const Words& words) {
    if (words.size() > 2) {
      return "a key is followed by at most one origin prefix";
    }
    Result<VerifierKey> key = parse_verifier_key(words[0]);
    if (!key) {
      return key.error().message();
    }
    TrustedKey trusted{.key = std::move(*key), .origin_prefix = std::string(words.size() > 1 ? words[1] : "")};
    if (!trusted.origin_prefix.empty() && !is_key_name(trusted.origin_prefix)) {
      return "the origin prefix is not 1 to 200 visible characters without a plus";
    }
    if (std::ranges::find(file_.keys, trusted) == file_.keys.end()) {
      file_.keys.push_back(std::move(trusted));
    }
    return "";
  }

  std::string take_revoked(const Words& words) {
    const bool has_size = words.size() == 4 && words[2] == "after";
    if (words.size() != 2 && !has_size) {
      return "expected `revoked <key name>` or `revoked <origin> after <size>`";
    }
    if (!is_key_name(words[1])) {
      return "what is revoked is the name of no key (the part before the first plus)";
    }
    if (!has_size) {
      file_.revoked_keys.emplace(words[1]);
      return "";
    }
    const auto size = whole_number(words[3]);
    if (!size || *size > kMostTreeSize) {
      return "the size is no number from 0 to " + std::to_string(kMostTreeSize);
    }
    if (!epoch_of_origin(words[1])) {
      return "an origin ends in the uuid of its epoch";
    }
    const auto [place, is_new] = file_.revoked_after.emplace(words[1], *size);
    place->second = std::min(place->second, *size);
    return "";
  }

  std::string take_unproved(const Words& words) {
    if (words.size() < 3 || words.size() > 4 || words[1] != "before") {
      return "expected `unproved before <RFC 3339 time> [<rows in each store>]`";
    }
    if (file_.unproved) {
      return "`unproved before` stands there twice";
    }
    const auto time = rfc3339_time(words[2]);
    if (!time || time->range != TimeRange::kWithin) {
      return "the time is not RFC 3339 with a zone";
    }
    UnprovedRows unproved{.before = time->micros, .rows = std::nullopt};
    if (words.size() == 4) {
      unproved.rows = whole_number(words[3]);
      if (!unproved.rows) {
        return "the rows are no number";
      }
    }
    file_.unproved = unproved;
    return "";
  }

  TrustFile file_;
};

/// The key of an epoch speaks for that one only; a throw-away enrolment key's name ends in its spool's uuid.
bool may_speak_for(const TrustedKey& trusted, std::string_view origin) {
  const std::string& name = trusted.key.name;
  if (name == origin) {
    return true;
  }
  constexpr std::size_t kUuidPart = 37;  // A slash and the uuid.
  const bool is_of_an_epoch =
      epoch_of_origin(name) && !std::string_view(name).substr(0, name.size() - kUuidPart).ends_with("/throw-away");
  return !is_of_an_epoch && origin.starts_with(trusted.origin_prefix);
}

}  // namespace

Result<TrustFile> parse_trust_file(std::string_view text) {
  if (text.size() > kMostTrustFileBytes) {
    return Error(ErrorKind::kInvalid, "it has more than " + std::to_string(kMostTrustFileBytes) + " bytes");
  }
  StatementTaker taker;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Words words = words_of(text.substr(0, end));
    if (const std::string wrong = words.empty() ? "" : taker.take(words); !wrong.empty()) {
      return Error(ErrorKind::kInvalid, "line " + std::to_string(line) + ": " + wrong);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!taker.has_key()) {
    return Error(ErrorKind::kInvalid, "it names no key: a line with the verifier key text of one is missing");
  }
  return taker.take_file();
}

Authority authority_of(const SignedCheckpoint& beginning, const TrustFile& trust, const Archive& archive) {
  Authority found = Authority::kUnknown;
  for (const TrustedKey& trusted : trust.keys) {
    if (!may_speak_for(trusted, beginning.checkpoint.origin)) {
      continue;
    }
    const SignedBy by = signed_by(beginning.note, trusted.key);
    if (by == SignedBy::kYes) {
      if (!trust.revoked_keys.contains(trusted.key.name) || archive.has(beginning.checkpoint)) {
        return Authority::kTrusted;
      }
      found = Authority::kRevoked;
    } else if (by == SignedBy::kWrong && found == Authority::kUnknown) {
      found = Authority::kWrongSignature;
    }
  }
  return found;
}

bool has_speaker(const TrustFile& trust, std::string_view origin) {
  return std::ranges::any_of(trust.keys, [&](const TrustedKey& trusted) { return may_speak_for(trusted, origin); });
}

bool counts(const Checkpoint& checkpoint, const TrustFile& trust) {
  const auto found = trust.revoked_after.find(checkpoint.origin);
  return found == trust.revoked_after.end() || checkpoint.head.size <= found->second;
}

}  // namespace twinlog
