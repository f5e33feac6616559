#include "ledger/verify/gone_events.h"

namespace twinlog {
namespace {

constexpr Digest kErasedHash{};

bool is_gone(const Position& position, const GoneUntil& until) {
  return position.effective_at < until.pruned ||
         (position.content_hash == kErasedHash && position.effective_at < until.erased);
}

/// Whether `theirs`, a register of the row, can stand where ours is: the same, or a newer event that is gone.
template <typename Register>
bool is_at_least(const std::optional<Register>& theirs, const std::optional<Register>& ours, const GoneUntil& until,
                 const Position& (*position)(const Register&)) {
  if (!theirs || !ours) {
    return !ours && (!theirs || is_gone(position(*theirs), until));
  }
  if (*theirs == *ours) {
    return true;
  }
  return position(*ours) < position(*theirs) && is_gone(position(*theirs), until);
}

const Position& own_position(const Position& position) {
  return position;
}
template <typename Register>
const Position& position_in(const Register& one) {
  return one.position;
}

}  // namespace

/// What is gone leaves registers that nothing here can check; those that are checked must hold.
bool rests_on_what_is_gone(const AccountState& theirs, const AccountState& ours, const GoneUntil& until) {
  return is_at_least<AccountState::Attempts>(theirs.attempts, ours.attempts, until, position_in) &&
         is_at_least<AccountState::Lock>(theirs.lock, ours.lock, until, position_in) &&
         is_at_least<Position>(theirs.success, ours.success, until, own_position) &&
         is_at_least<AccountState::Newest>(theirs.newest, ours.newest, until, position_in);
}

}  // namespace twinlog
