#include "tests/support/random_event.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string_view>

#include "ledger/record/address.h"
#include "ledger/record/canonical.h"
#include "ledger/record/folding.h"
#include "ledger/record/json_events.h"

namespace twinlog::testing {
namespace {

constexpr UtcMicros kEarliestTime = -62'135'596'800'000'000;
constexpr std::size_t kMostMetadataBytes = 8192;
constexpr int kMostMetadataDepth = 8;

constexpr auto kPieces = std::to_array<std::string_view>(
    {"a",        "Z",      "0",      " ",          "  ",         "'",          "\"",     "\\",      "\\\\",
     "$",        "$where", ".",      "..",         "%",          "%00",        "%2E",    "{",       "}",
     "[",        "]",      ",",      ";--",        "NULL",       "\\N",        "\\x00",  "\\u0000", "/",
     "<script>", "&amp;",  "\x7f",   "\u0080",     "\u0085",     "\u00a0",     "\u00df", "\u0130",  "\u0131",
     "e\u0301",  "\u00e9", "\u1e9e", "\u03a3",     "\u03c2",     "\u2028",     "\u202e", "\u200b",  "\ufeff",
     "\ufffd",   "\uffff", "\ue000", "\U0001F600", "\U00010000", "\U0010FFFF", "\u0e01", "\u3042",  "\u212a"});

constexpr auto kKeys =
    std::to_array<std::string_view>({"", "$", "$set", "$where", "a.b", ".", "%", "%24", "%2E", "_id", "__proto__",
                                     "_truncated", "key", "Key", "src_port", "\ufb33", "\U0001F600", "\u20ac", "1"});

constexpr auto kDoubles = std::to_array<double>({0.1, -0.1, 1.5, 1e-7, 1e-6, 1e20, 1e21, 123456789012345680.0, 5e-324,
                                                 -5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 0.000123,
                                                 9007199254740994.0, 4.35, 333333333.33333329, 1e23, -1e300});

std::size_t below(std::mt19937_64& random, std::size_t count) {
  return random() % count;
}
bool one_in(std::mt19937_64& random, std::size_t count) {
  return below(random, count) == 0;
}

template <typename List>
auto one_of(std::mt19937_64& random, const List& list) {
  return list[below(random, list.size())];
}

std::int64_t random_integer(std::mt19937_64& random) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  switch (below(random, 5)) {
    case 0:
      return kMost;
    case 1:
      return -kMost;
    case 2:
      return static_cast<std::int64_t>(random() >> 11U) - (kMost / 2);
    default:
      return static_cast<std::int64_t>(below(random, 2001)) - 1000;
  }
}

/// Writes random values into a builder.
class MetadataMaker {
 public:
  MetadataMaker(std::mt19937_64& random, bool allow_nested_arrays) : random_(random), nested_(allow_nested_arrays) {}

  std::string make() {
    object(1);
    return builder_.take();
  }

 private:
  void object(int depth) {
    builder_.begin_object();
    for (std::size_t i = below(random_, 6); i > 0; --i) {
      builder_.key(one_in(random_, 3) ? std::string(random_text(random_, 24)) : key());
      value(depth, true);
    }
    builder_.end_object();
  }

  std::string key() {
    return one_in(random_, 8) ? "k" + std::to_string(below(random_, 1000)) : std::string(one_of(random_, kKeys));
  }

  void array(int depth) {
    builder_.begin_array();
    for (std::size_t i = below(random_, 5); i > 0; --i) {
      value(depth, nested_);
    }
    builder_.end_array();
  }

  void value(int depth, bool arrays_allowed) {
    const bool is_deepest = depth >= kMostMetadataDepth;
    switch (below(random_, 9)) {
      case 0:
        return is_deepest ? builder_.null() : object(depth + 1);
      case 1:
        return is_deepest || !arrays_allowed ? builder_.null() : array(depth + 1);
      case 2:
        return builder_.integer(random_integer(random_));
      case 3:
        return builder_.number(one_of(random_, kDoubles));
      case 4:
        return builder_.boolean(one_in(random_, 2));
      case 5:
        return builder_.string("");
      default:
        return builder_.string(random_text(random_, 40));
    }
  }

  std::mt19937_64& random_;
  bool nested_;
  CanonicalJsonBuilder builder_;
};

std::string random_log_id(std::mt19937_64& random) {
  static constexpr std::string_view kCharacters = "ABCXYZabcxyz0123456789._:~-";
  if (one_in(random, 2)) {
    Uuid uuid{};
    std::generate(uuid.begin(), uuid.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return uuid_text(uuid);
  }
  std::string id(16 + below(random, 113), ' ');
  std::generate(id.begin(), id.end(), [&] { return kCharacters[below(random, kCharacters.size())]; });
  return id;
}

UtcMicros random_time(std::mt19937_64& random) {
  constexpr UtcMicros k2020 = 1'577'836'800'000'000;
  switch (below(random, 8)) {
    case 0:
      return kLatestTime;
    case 1:
      return kEarliestTime;
    case 2:
      return -1;
    case 3:
      return kEarliestTime +
             static_cast<UtcMicros>(below(random, static_cast<std::size_t>(kLatestTime - kEarliestTime)));
    case 4:
      return k2020 + static_cast<UtcMicros>(below(random, 1000)) * 1000;
    default:
      return k2020 + static_cast<UtcMicros>(below(random, 200'000'000'000'000));
  }
}

std::string random_address(std::mt19937_64& random) {
  std::array<unsigned char, 16> bytes{};
  for (unsigned char& byte : bytes) {
    byte = static_cast<unsigned char>(one_in(random, 3) ? 0 : random());
  }
  if (one_in(random, 6)) {
    std::fill_n(bytes.begin(), 12, std::uint8_t{0});  // ::a.b.c.d, which libraries print in two ways.
  }
  return one_in(random, 2) ? address_text(bytes) : address_text(std::span(bytes).first(4));
}

std::optional<std::string> maybe_text(std::mt19937_64& random, std::size_t limit) {
  if (one_in(random, 2)) {
    return std::nullopt;
  }
  return random_text(random, one_in(random, 8) ? limit : std::min<std::size_t>(limit, 20));
}

void set_subject(AuthEvent& event, std::mt19937_64& random, const RandomEventOptions& options) {
  event.user_id = maybe_text(random, 128);
  event.username = maybe_text(random, 256);
  if (!options.accounts.empty() && one_in(random, 2)) {
    event.user_id = one_in(random, 2) ? std::optional(one_of(random, options.accounts)) : std::nullopt;
    event.username =
        event.user_id && one_in(random, 2) ? std::nullopt : std::optional(one_of(random, options.accounts));
  }
  event.account = account_of(event);
}

void set_lock(AuthEvent& event, std::mt19937_64& random) {
  constexpr auto kCounts = std::to_array<std::int32_t>({0, 1, 5, 999, std::numeric_limits<std::int32_t>::max()});
  if (one_in(random, 2)) {
    event.failed_login_attempts = one_of(random, kCounts);
  }
  if (one_in(random, 3)) {
    event.account_locked_until = one_in(random, 4) ? kPermanentFrom : random_time(random);
  }
  if (one_in(random, 3)) {
    event.lock_kind = one_in(random, 2) ? LockKind::kTemporary : LockKind::kPermanent;
  }
  event.lock_reason = maybe_text(random, 64);
  event.reset_reason = maybe_text(random, 64);
}

void set_texts(AuthEvent& event, std::mt19937_64& random) {
  constexpr auto kChannels =
      std::to_array<std::string_view>({"web", "mobile", "api", "desktop", "cli", "service", "other"});
  event.actor_id = maybe_text(random, 128);
  event.user_agent = maybe_text(random, 1024);
  event.service = maybe_text(random, 128);
  event.auth_method = maybe_text(random, 64);
  event.failure_reason = maybe_text(random, 64);
  event.failure_code = maybe_text(random, 64);
  event.session_ref = maybe_text(random, 128);
  event.request_id = maybe_text(random, 128);
  if (one_in(random, 2)) {
    event.channel = one_of(random, kChannels);
  }
  if (one_in(random, 2)) {
    event.ip = random_address(random);
  } else {
    event.remote_host = maybe_text(random, 253);
  }
}

void set_repaired(AuthEvent& event, std::mt19937_64& random) {
  for (const std::string_view name : {"channel", "metadata", "remote_host", "user_agent", "username"}) {
    if (one_in(random, 6)) {
      event.repaired.emplace_back(name);
    }
  }
}

}  // namespace

std::string random_text(std::mt19937_64& random, std::size_t most_bytes) {
  const std::size_t wanted = 1 + below(random, most_bytes);
  std::string text;
  while (text.size() < wanted) {
    const std::string_view piece = one_of(random, kPieces);
    if (text.size() + piece.size() > most_bytes) {
      break;
    }
    text.append(piece);
  }
  return text.empty() ? "x" : text;
}

std::string random_metadata(std::mt19937_64& random, bool allow_nested_arrays) {
  while (true) {
    std::string json = MetadataMaker(random, allow_nested_arrays).make();
    if (json.size() <= kMostMetadataBytes) {
      return json;
    }
  }
}

AuthEvent random_event(std::mt19937_64& random, const RandomEventOptions& options) {
  constexpr auto kTypes =
      std::to_array<std::string_view>({"login_failed", "login_failed", "login_failed", "login_success",
                                       "account_locked", "lockout_reset", "logout", "mfa_failed", "a", "z_9.x"});
  constexpr auto kOrganisations = std::to_array<std::string_view>({"", "org-1", "org:2", "ORG~3"});
  AuthEvent event;
  event.tenant_id =
      options.tenants.empty() ? "tenant-" + std::to_string(below(random, 4)) : one_of(random, options.tenants);
  event.log_id = random_log_id(random);
  event.event_type = one_of(random, kTypes);
  event.occurred_at = random_time(random);
  const std::string_view organisation = one_of(random, kOrganisations);
  if (!organisation.empty()) {
    event.organisation_id = organisation;
  }
  set_subject(event, random, options);
  set_texts(event, random);
  set_lock(event, random);
  if (one_in(random, 2)) {
    event.metadata = random_metadata(random, options.allow_nested_arrays);
  }
  set_repaired(event, random);
  return event;
}

Version random_version(std::mt19937_64& random, const RandomEventOptions& options) {
  Version version;
  version.event = random_event(random, options);
  version.content_hash = content_hash(canonical_content(version.event));
  version.received_at = one_in(random, 4) ? random_time(random) : std::max<UtcMicros>(version.event.occurred_at, 0);
  version.effective_at = std::min(version.event.occurred_at, version.received_at);
  version.agent = "agent-" + std::to_string(below(random, 3));
  std::generate(version.epoch_id.begin(), version.epoch_id.end(), [&] { return static_cast<std::uint8_t>(random()); });
  version.leaf_index = 1 + below(random, std::size_t{1} << 40U);
  return version;
}

}  // namespace twinlog::testing
