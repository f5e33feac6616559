#include "tests/lockout/histories.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace twinlog::testing {
namespace {

constexpr std::size_t kMostTimes = 8;
constexpr std::int32_t kLargest = std::numeric_limits<std::int32_t>::max();

/// A user name as typed, and as accounts know it.
struct Name {
  std::string typed;
  std::string folded;
};

/// What the events of one history are made of.
struct Material {
  bool is_attack = false;  ///< Guesses at one account's password, now and then the owner's own logins between them.
  std::vector<std::string> tenants;
  std::vector<std::string> user_ids;
  std::vector<Name> names;
  std::vector<UtcMicros> times;
};

Material random_material(Choices& choices) {
  Material material;
  material.is_attack = choices.percent(40);
  const bool has_two_tenants = choices.percent(20);
  material.tenants = has_two_tenants ? std::vector<std::string>{"t", "u"} : std::vector<std::string>{"t"};
  material.user_ids = has_two_tenants ? std::vector<std::string>{"1"} : std::vector<std::string>{"1", "2"};
  material.names = {{"Ann", "ann"}, {" ANN ", "ann"}};
  if (!has_two_tenants) {
    material.names.push_back({"bob", "bob"});
  }
  const std::size_t times = 1 + choices.below(kMostTimes);
  const UtcMicros first = choices.percent(50) ? -4 : 1'700'000'000'000'000;
  for (std::size_t i = 0; i < times; ++i) {
    material.times.push_back(first + static_cast<UtcMicros>(i));
  }
  return material;
}

void choose_user(AuthEvent& event, const Material& material, Choices& choices) {
  event.user_id.reset();
  event.username.reset();
  event.account.reset();
  if (choices.percent(60)) {
    event.user_id = choices.one_of(material.user_ids);
    event.account = "id:" + *event.user_id;
  }
  if (choices.percent(60)) {
    const Name& name = choices.one_of(material.names);
    event.username = name.typed;
    event.account = event.user_id ? event.account : "name:" + name.folded;
  }
}

/// Lock fields stand on events of every type: only where section 6 says so may they matter.
void choose_lock(AuthEvent& event, Choices& choices) {
  static const std::vector<UtcMicros> ends = {5, 1'700'000'000'000'004, kPermanentFrom - 1, kPermanentFrom,
                                              kLatestTime};
  event.account_locked_until.reset();
  event.lock_kind.reset();
  event.lock_reason.reset();
  const std::size_t share = event.event_type == "account_locked" ? 50 : 12;
  if (choices.percent(share)) {
    event.account_locked_until = choices.one_of(ends);
  }
  if (choices.percent(share)) {
    event.lock_kind = choices.percent(70) ? LockKind::kTemporary : LockKind::kPermanent;
  }
  if (choices.percent(50)) {
    event.lock_reason = choices.percent(50) ? "too_many" : "administrator";
  }
}

void choose_rest(AuthEvent& event, Choices& choices) {
  static const std::vector<std::int32_t> numbers = {0, 1, 5, kLargest - 1, kLargest};
  event.failed_login_attempts.reset();
  event.organisation_id.reset();
  if (choices.percent(25)) {
    event.failed_login_attempts = choices.one_of(numbers);
  }
  if (choices.percent(60)) {
    event.organisation_id = choices.percent(50) ? "north" : "south";
  }
}

Version random_version(const Material& material, Choices& choices) {
  static const std::vector<std::string> types = {"login_failed",   "login_failed",  "login_failed",  "login_failed",
                                                 "login_failed",   "login_success", "login_success", "account_locked",
                                                 "account_locked", "lockout_reset", "mfa_failed"};
  Version version;
  AuthEvent& event = version.event;
  event.tenant_id = choices.one_of(material.tenants);
  event.event_type = choices.one_of(types);
  event.log_id = {static_cast<char>('A' + choices.below(26)), static_cast<char>('a' + choices.below(26))};
  version.effective_at = choices.one_of(material.times);
  version.received_at = version.effective_at;
  event.occurred_at = version.effective_at;
  if (choices.percent(25)) {  // A sender whose clock is ahead: what it says holds from when it was received.
    event.occurred_at += static_cast<UtcMicros>(1 + choices.below(2 * kMostTimes));
  }
  choose_user(event, material, choices);
  choose_lock(event, choices);
  choose_rest(event, choices);
  if (material.is_attack && choices.percent(80)) {
    event.event_type = choices.percent(75) ? "login_failed" : "login_success";
    event.failed_login_attempts.reset();
    event.user_id = material.user_ids.front();
    event.account = "id:" + *event.user_id;
  }
  return version;
}

/// Another content under the key of `original`, often so alike that only the hash tells the two positions apart.
Version conflicting_version(const Version& original, const Material& material, Choices& choices) {
  if (choices.percent(40)) {
    Version other = random_version(material, choices);
    other.event.tenant_id = original.event.tenant_id;
    other.event.log_id = original.event.log_id;
    return other;
  }
  Version other = original;
  choose_lock(other.event, choices);
  other.event.organisation_id = choices.percent(50) ? "east" : "west";
  return other;
}

Digest random_digest(Choices& choices) {
  Digest digest{};
  for (std::uint8_t& byte : digest) {
    byte = static_cast<std::uint8_t>(choices.below(256));
  }
  return digest;
}

/// Mostly any order at all; sometimes nearly the order of time, as on a good day; sometimes all failures first, as when
/// the pod that answers the web is ahead of the one that answers the mobile application.
void shuffle_arrivals(History& history, Choices& choices) {
  const auto begin = history.arrivals.begin();
  const auto end = history.arrivals.end();
  std::shuffle(begin, end, choices.generator());
  const std::size_t order = choices.below(4);
  if (order == 0) {
    std::stable_sort(begin, end, [&history](std::size_t a, std::size_t b) {
      return history.versions[a].effective_at < history.versions[b].effective_at;
    });
    std::swap(history.arrivals.front(), history.arrivals[choices.below(history.arrivals.size())]);
  } else if (order == 1) {
    std::stable_partition(begin, end, [&history](std::size_t index) {
      return history.versions[index].event.event_type == "login_failed";
    });
  }
}

}  // namespace

History random_history(Choices& choices, std::size_t most_versions) {
  const Material material = random_material(choices);
  History history;
  const std::size_t count = 1 + choices.below(most_versions);
  for (std::size_t i = 0; i < count; ++i) {
    const bool conflicts = !history.versions.empty() && choices.percent(20);
    Version version = conflicts ? conflicting_version(choices.one_of(history.versions), material, choices)
                                : random_version(material, choices);
    version.content_hash = random_digest(choices);
    history.versions.push_back(std::move(version));
    history.arrivals.push_back(i);
  }
  for (std::size_t i = choices.below(1 + count / 2); i > 0; --i) {
    history.arrivals.push_back(choices.below(count));
  }
  shuffle_arrivals(history, choices);
  return history;
}

std::vector<std::vector<const Version*>> random_batches(const History& history, Choices& choices) {
  std::vector<std::vector<const Version*>> batches;
  const std::size_t most = 1 + choices.below(history.arrivals.size());
  std::size_t next = 0;
  while (next < history.arrivals.size()) {
    batches.emplace_back();
    const std::size_t end = std::min(history.arrivals.size(), next + 1 + choices.below(most));
    for (; next < end; ++next) {
      batches.back().push_back(&history.versions[history.arrivals[next]]);
    }
  }
  return batches;
}

bool is_conflict(const std::vector<Version>& versions, std::size_t index) {
  const AuthEvent& event = versions[index].event;
  return std::any_of(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(index), [&](const Version& v) {
    return v.event.tenant_id == event.tenant_id && v.event.log_id == event.log_id;
  });
}

}  // namespace twinlog::testing
