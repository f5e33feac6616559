#include "tests/lockout/plain_fold.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace twinlog::testing {
namespace {

int rank_of(const std::string& event_type) {
  static const std::map<std::string, int> ranks = {
      {"login_failed", 0}, {"login_success", 1}, {"lockout_reset", 2}, {"account_locked", 3}};
  const auto found = ranks.find(event_type);
  return found == ranks.end() ? -1 : found->second;
}

std::string folded(const std::string& typed) {
  std::string name;
  for (const char letter : typed) {
    if (letter != ' ') {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
  }
  return name;
}

using Place = std::tuple<std::int64_t, int, std::int64_t, std::string, std::string>;
Place place_of(const Version& version) {
  const AuthEvent& event = version.event;
  const std::int64_t stated = event.failed_login_attempts ? *event.failed_login_attempts : -1;
  return {version.effective_at, rank_of(event.event_type), stated, event.log_id, hex(version.content_hash)};
}

/// The account while it is folded; the number is exact.
struct Folding {
  Folding(const std::string& account, Coverage& counts)
      : is_known_by_name(account.starts_with("name:")), coverage(counts) {}

  std::int64_t attempts = 0;
  LockKind kind = LockKind::kNone;
  std::optional<UtcMicros> until;
  std::optional<std::string> reason;
  bool is_known_by_name = false;
  Coverage& coverage;

  void set_lock(const AuthEvent& event) {
    const bool far = event.account_locked_until && *event.account_locked_until >= 253'402'214'400'000'000;
    kind = event.lock_kind == LockKind::kPermanent || far ? LockKind::kPermanent : LockKind::kTemporary;
    until = event.account_locked_until;
    reason = event.lock_reason;
  }
  void clear_lock(Rule rule) {
    coverage.count(rule);
    coverage.count_if(reason.has_value(), Rule::kReasonNullAfterClear);
    kind = LockKind::kNone;
    until.reset();
    reason.reset();
  }
  void apply_failed(const AuthEvent& event) {
    if (event.failed_login_attempts) {
      attempts = *event.failed_login_attempts;
      coverage.count(Rule::kFailedStated);
    } else {
      attempts += 1;
      coverage.count(Rule::kFailedAddsOne);
    }
    if (event.account_locked_until || event.lock_kind) {
      coverage.count(event.account_locked_until ? Rule::kFailedLocksByEnd : Rule::kFailedLocksByKind);
      set_lock(event);
    } else {
      coverage.count_if(kind != LockKind::kNone, Rule::kFailedLeavesLock);
    }
  }
  void apply_locked(const AuthEvent& event) {
    set_lock(event);
    if (event.lock_kind == LockKind::kPermanent) {
      coverage.count(Rule::kLockedPermanentStated);
    } else if (kind == LockKind::kPermanent) {
      coverage.count(Rule::kLockedPermanentByEnd);
    } else {
      coverage.count(until ? Rule::kLockedTemporaryWithEnd : Rule::kLockedTemporaryWithoutEnd);
    }
    coverage.count_if(!event.failed_login_attempts && attempts > 0, Rule::kLockedKeepsAttempts);
    coverage.count_if(event.failed_login_attempts.has_value(), Rule::kLockedStated);
    attempts = event.failed_login_attempts ? *event.failed_login_attempts : attempts;
  }
  void apply(const AuthEvent& event) {
    if (event.event_type == "login_failed") {
      apply_failed(event);
    } else if (event.event_type == "account_locked") {
      apply_locked(event);
    } else if (event.event_type == "login_success") {
      apply_success(event);
    } else {
      apply_reset(event);
    }
  }
  void apply_success(const AuthEvent& event) {
    coverage.count_if(is_known_by_name && event.user_id && attempts > 0, Rule::kNameClearedByBoth);
    coverage.count_if(event.failed_login_attempts.has_value(), Rule::kSuccessStated);
    coverage.count_if(!event.failed_login_attempts && attempts > 0, Rule::kSuccessToZero);
    attempts = event.failed_login_attempts ? *event.failed_login_attempts : 0;
    if (kind == LockKind::kTemporary) {
      clear_lock(Rule::kSuccessClearsTemporary);
    }
    coverage.count_if(kind == LockKind::kPermanent, Rule::kSuccessKeepsPermanent);
  }
  void apply_reset(const AuthEvent& event) {
    coverage.count_if(event.failed_login_attempts.has_value(), Rule::kResetStated);
    coverage.count_if(!event.failed_login_attempts && attempts > 0, Rule::kResetToZero);
    attempts = event.failed_login_attempts ? *event.failed_login_attempts : 0;
    if (kind != LockKind::kNone) {
      clear_lock(kind == LockKind::kTemporary ? Rule::kResetClearsTemporary : Rule::kResetClearsPermanent);
    }
  }
};

void count_tie(const Version& before, const Version& after, Coverage& coverage) {
  const Place a = place_of(before);
  const Place b = place_of(after);
  if (std::get<0>(a) != std::get<0>(b)) {
    return;
  }
  if (std::get<1>(a) != std::get<1>(b)) {
    coverage.count(Rule::kTieByRank);
  } else if (std::get<2>(a) != std::get<2>(b)) {
    coverage.count(Rule::kTieByStated);
  } else {
    coverage.count(std::get<3>(a) != std::get<3>(b) ? Rule::kTieByLogId : Rule::kTieByHash);
  }
}

}  // namespace

std::vector<std::string> plain_accounts_of(const AuthEvent& event) {
  const int rank = rank_of(event.event_type);
  std::vector<std::string> accounts;
  if (rank < 0) {
    return accounts;
  }
  if (event.user_id) {
    accounts.push_back("id:" + *event.user_id);
  }
  const bool speaks_to_name = rank > 0 || !event.user_id;
  if (speaks_to_name && event.username && !folded(*event.username).empty()) {
    accounts.push_back("name:" + folded(*event.username));
  }
  return accounts;
}

ShownAccount plain_fold(const std::string& name, const std::vector<const Version*>& versions, Coverage& coverage) {
  std::vector<std::pair<Place, const Version*>> sorted;
  sorted.reserve(versions.size());
  for (const Version* version : versions) {
    sorted.emplace_back(place_of(*version), version);
  }
  std::sort(sorted.begin(), sorted.end());
  Folding folding(name, coverage);
  ShownAccount account;
  std::map<std::string, std::optional<UtcMicros>> last_times;
  const Version* previous = nullptr;
  for (const auto& [place, version] : sorted) {
    folding.apply(version->event);
    last_times[version->event.event_type] = version->effective_at;
    if (previous != nullptr) {
      count_tie(*previous, *version, coverage);
    }
    previous = version;
  }
  coverage.count_if(folding.attempts > 2147483647, Rule::kOverflow);
  coverage.count_if(!previous->event.organisation_id, Rule::kNewestWithoutOrganisation);
  account.failed_login_attempts =
      folding.attempts > 2147483647 ? 2147483647 : static_cast<std::int32_t>(folding.attempts);
  account.lock_kind = folding.kind;
  account.account_locked_until = folding.until;
  account.lock_reason = folding.reason;
  account.last_failed_at = last_times["login_failed"];
  account.last_success_at = last_times["login_success"];
  account.last_locked_at = last_times["account_locked"];
  account.last_reset_at = last_times["lockout_reset"];
  account.organisation_id = previous->event.organisation_id;
  account.log_id = previous->event.log_id;
  account.effective_at = previous->effective_at;
  return account;
}

std::map<PlainKey, ShownAccount> plain_fold_all(const std::vector<const Version*>& versions, Coverage& coverage) {
  std::map<PlainKey, std::vector<const Version*>> groups;
  for (const Version* version : versions) {
    for (const std::string& account : plain_accounts_of(version->event)) {
      groups[{version->event.tenant_id, account}].push_back(version);
    }
  }
  std::map<PlainKey, ShownAccount> accounts;
  for (const auto& [key, group] : groups) {
    accounts[key] = plain_fold(key.second, group, coverage);
  }
  return accounts;
}

}  // namespace twinlog::testing
