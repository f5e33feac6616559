// How a shown account looks in the message of a failed test.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "ledger/lockout/account_state.h"

namespace twinlog {

inline void PrintTo(const ShownAccount& account, std::ostream* out) {  // NOLINT: gtest's name
  const auto print = [](const auto& value) { return value ? ::testing::PrintToString(*value) : "-"; };
  *out << "{attempts " << account.failed_login_attempts << ", " << lock_kind_text(account.lock_kind) << " until "
       << print(account.account_locked_until) << " for " << print(account.lock_reason) << "; failed "
       << print(account.last_failed_at) << ", success " << print(account.last_success_at) << ", locked "
       << print(account.last_locked_at) << ", reset " << print(account.last_reset_at) << "; organisation "
       << print(account.organisation_id) << ", newest " << account.log_id << " at " << account.effective_at << "}";
}

}  // namespace twinlog
