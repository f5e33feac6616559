// Accounts may rest on events that were pruned or erased since: what is left does not tell what they came to, but it
// sets bounds.
#pragma once

#include "ledger/base/clock.h"
#include "ledger/lockout/account_state.h"

namespace twinlog {

/// Until when what an account rests on may be gone.
struct GoneUntil {
  UtcMicros pruned = 0;
  UtcMicros erased = 0;
};

/// Whether an account may be `theirs` although the events that are left come to `ours`. Marks count for nothing.
bool rests_on_what_is_gone(const AccountState& theirs, const AccountState& ours, const GoneUntil& until);

}  // namespace twinlog
