// docs/EVENTS.md word by word: all versions of an account sorted by position, folded one after the other. Written
// apart from ledger/lockout and using none of its code, so that the two can be held against each other.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/lockout/account_state.h"
#include "tests/lockout/coverage.h"

namespace twinlog::testing {

/// (tenant_id, account)
using PlainKey = std::pair<std::string, std::string>;

/// The accounts that an event speaks to. User names in the tests are ASCII letters and spaces.
std::vector<std::string> plain_accounts_of(const AuthEvent& event);

/// The shown state of `account` after the versions that speak to it. `versions` must hold at least one.
ShownAccount plain_fold(const std::string& account, const std::vector<const Version*>& versions, Coverage& coverage);

/// All accounts of a set of versions.
std::map<PlainKey, ShownAccount> plain_fold_all(const std::vector<const Version*>& versions, Coverage& coverage);

}  // namespace twinlog::testing
