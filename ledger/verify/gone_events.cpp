#include "ledger/verify/gone_events.h"

#include <limits>

#include "ledger/base/bytes.h"
#include "ledger/verify/version_claims.h"

namespace twinlog {
namespace {

constexpr Digest kErasedHash{};

std::string digest_of(std::string_view tenant_id, std::string_view log_id, UtcMicros effective_at) {
  std::string rest;
  put_i64(rest, effective_at);
  rest.append(log_id);
  return pair_digest(tenant_id, rest);
}

/// The same, or a later event that is gone.
template <typename Register>
bool is_at_least(const std::optional<Register>& theirs, const std::optional<Register>& ours, const GoneEvents& gone,
                 const Position& (*position)(const Register&)) {
  if (!theirs || !ours) {
    return !ours && (!theirs || gone.may_be(position(*theirs)));
  }
  return *theirs == *ours || (position(*ours) < position(*theirs) && gone.may_be(position(*theirs)));
}

const Position& own_position(const Position& position) {
  return position;
}
template <typename Register>
const Position& position_in(const Register& one) {
  return one.position;
}

bool is_time_at_least(const std::optional<UtcMicros>& theirs, const std::optional<UtcMicros>& ours,
                      const GoneEvents& gone) {
  return theirs == ours || (theirs && (!ours || *ours < *theirs) && gone.may_be_at(*theirs));
}

/// Failures that are gone only add to those that are here, unless a later event began the count anew.
bool is_count_at_least(const AccountState& theirs, const AccountState& ours, const GoneEvents& gone) {
  if (theirs.attempts != ours.attempts || theirs.failures_after == ours.failures_after) {
    return true;
  }
  constexpr UtcMicros kEver = std::numeric_limits<UtcMicros>::min();
  return theirs.failures_after > ours.failures_after &&
         gone.may_be_behind(ours.attempts ? ours.attempts->position.effective_at : kEver);
}

}  // namespace

void ErasedVersions::add(const Version& version) {
  const std::string& tenant_id = version.event.tenant_id;
  digests_.insert(digest_of(tenant_id, version.event.log_id, version.effective_at));
  digests_.insert(digest_of(tenant_id, {}, version.effective_at));
}

bool ErasedVersions::has(std::string_view tenant_id, std::string_view log_id, UtcMicros effective_at) const {
  return digests_.contains(digest_of(tenant_id, log_id, effective_at));
}

bool ErasedVersions::has(std::string_view tenant_id, UtcMicros effective_at) const {
  return digests_.contains(digest_of(tenant_id, {}, effective_at));
}

bool GoneEvents::may_be(const Position& position) const {
  return (pruned_until && position.effective_at <= *pruned_until) ||
         (position.content_hash == kErasedHash && erased.has(tenant_id, position.log_id, position.effective_at));
}

bool GoneEvents::may_be_at(UtcMicros time) const {
  return (pruned_until && time <= *pruned_until) || erased.has(tenant_id, time);
}

bool GoneEvents::may_be_behind(UtcMicros time) const {
  return (pruned_until && time < *pruned_until) || !erased.is_empty();
}

bool rests_on_what_is_gone(const AccountState& theirs, const AccountState& ours, const GoneEvents& gone) {
  return is_at_least<AccountState::Attempts>(theirs.attempts, ours.attempts, gone, position_in) &&
         is_at_least<AccountState::Lock>(theirs.lock, ours.lock, gone, position_in) &&
         is_at_least<Position>(theirs.success, ours.success, gone, own_position) &&
         is_at_least<AccountState::Newest>(theirs.newest, ours.newest, gone, position_in) &&
         is_time_at_least(theirs.last_failed_at, ours.last_failed_at, gone) &&
         is_time_at_least(theirs.last_success_at, ours.last_success_at, gone) &&
         is_time_at_least(theirs.last_locked_at, ours.last_locked_at, gone) &&
         is_time_at_least(theirs.last_reset_at, ours.last_reset_at, gone) && is_count_at_least(theirs, ours, gone);
}

}  // namespace twinlog
