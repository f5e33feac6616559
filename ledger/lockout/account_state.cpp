#include "ledger/lockout/account_state.h"

#include <algorithm>

namespace twinlog {
namespace {

/// Whether the event says by itself what the number of attempts is, whatever came before it.
bool defines_attempts(const AuthEvent& event, EventRole role) {
  return event.failed_login_attempts.has_value() || role == EventRole::kSuccess || role == EventRole::kReset;
}

/// Whether the event says by itself what the lock is, whatever came before it. A success does not: what it does depends
/// on the kind of the lock, which is why it has a register of its own.
bool defines_lock(const AuthEvent& event, EventRole role) {
  const bool is_failure_with_lock =
      role == EventRole::kFailed && (event.account_locked_until.has_value() || event.lock_kind.has_value());
  return role == EventRole::kLocked || role == EventRole::kReset || is_failure_with_lock;
}

AccountState::Lock lock_of(const AuthEvent& event, EventRole role, const Position& position) {
  if (role == EventRole::kReset) {
    return {position, LockKind::kNone, std::nullopt, std::nullopt};
  }
  const bool is_endless = event.account_locked_until.has_value() && *event.account_locked_until >= kPermanentFrom;
  const bool is_permanent = event.lock_kind == LockKind::kPermanent || is_endless;
  return {position, is_permanent ? LockKind::kPermanent : LockKind::kTemporary, event.account_locked_until,
          event.lock_reason};
}

std::optional<UtcMicros>& last_time_of(AccountState& state, EventRole role) {
  switch (role) {
    case EventRole::kSuccess:
      return state.last_success_at;
    case EventRole::kReset:
      return state.last_reset_at;
    case EventRole::kLocked:
      return state.last_locked_at;
    default:
      return state.last_failed_at;
  }
}

/// Moves every register that the version speaks to and that lies before it. True when it became the newest to define
/// the number of attempts.
bool advance(AccountState& state, const Version& version) {
  const AuthEvent& event = version.event;
  const EventRole role = event_role(event.event_type);
  const Position position = position_of(version);

  std::optional<UtcMicros>& last_time = last_time_of(state, role);
  last_time = std::max(last_time, std::optional(version.effective_at));
  if (!state.newest || state.newest->position < position) {
    state.newest = AccountState::Newest{position, event.organisation_id};
  }
  if (role == EventRole::kSuccess && (!state.success || *state.success < position)) {
    state.success = position;
  }
  if (defines_lock(event, role) && (!state.lock || state.lock->position < position)) {
    state.lock = lock_of(event, role, position);
  }
  if (defines_attempts(event, role) && (!state.attempts || state.attempts->position < position)) {
    state.attempts = AccountState::Attempts{position, event.failed_login_attempts.value_or(0)};
    return true;
  }
  return false;
}

/// A success newer than a temporary lock has cleared it; a permanent one stays.
bool is_cleared_by_success(const AccountState& state) {
  return state.lock->kind == LockKind::kTemporary && state.success && state.lock->position < *state.success;
}

}  // namespace

Position position_of(const Version& version) {
  return {version.effective_at, static_cast<std::uint8_t>(event_role(version.event.event_type)),
          version.event.failed_login_attempts.value_or(-1), version.event.log_id, version.content_hash};
}

bool is_undefined_failure(const AuthEvent& event) {
  return event_role(event.event_type) == EventRole::kFailed && !event.failed_login_attempts.has_value();
}

Recount merge(AccountState& state, const std::vector<const Version*>& versions) {
  const std::optional<UtcMicros> last_failed_before = state.last_failed_at;
  bool is_redefined = false;
  for (const Version* version : versions) {
    is_redefined = advance(state, *version) || is_redefined;
  }
  if (is_redefined) {
    state.failures_after = 0;
  }
  // Only now is it known behind which position the failures of this batch count.
  for (const Version* version : versions) {
    const bool counts = !state.attempts || version->effective_at > state.attempts->position.effective_at;
    if (counts && is_undefined_failure(version->event)) {
      ++state.failures_after;
    }
  }
  // A failure merged earlier that lies behind the new defining event states no number: it would be the newest to
  // define it otherwise. So it was counted from an older position, together with others that may lie before the new
  // one.
  const bool may_hide_failures =
      is_redefined && last_failed_before && *last_failed_before > state.attempts->position.effective_at;
  return may_hide_failures ? Recount::kNeeded : Recount::kNotNeeded;
}

ShownAccount shown(const AccountState& state) {
  ShownAccount account;
  const std::int64_t counted =
      static_cast<std::int64_t>(std::min<std::uint64_t>(state.failures_after, std::uint64_t{kMostAttempts}));
  const std::int64_t defined = state.attempts ? state.attempts->value : 0;
  account.failed_login_attempts = static_cast<std::int32_t>(std::min(defined + counted, kMostAttempts));
  if (state.lock && !is_cleared_by_success(state)) {
    account.lock_kind = state.lock->kind;
    account.account_locked_until = state.lock->until;
    account.lock_reason = state.lock->reason;
  }
  account.last_failed_at = state.last_failed_at;
  account.last_success_at = state.last_success_at;
  account.last_locked_at = state.last_locked_at;
  account.last_reset_at = state.last_reset_at;
  if (state.newest) {
    account.organisation_id = state.newest->organisation_id;
    account.log_id = state.newest->position.log_id;
    account.effective_at = state.newest->position.effective_at;
  }
  return account;
}

std::map<AccountKey, std::vector<const Version*>> by_account(const std::vector<const Version*>& versions) {
  std::map<AccountKey, std::vector<const Version*>> groups;
  for (const Version* version : versions) {
    for (std::string& account : accounts_of(version->event)) {
      groups[{version->event.tenant_id, std::move(account)}].push_back(version);
    }
  }
  return groups;
}

}  // namespace twinlog
