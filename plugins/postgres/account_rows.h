// The rows of account_lockouts: locking, writing and reading them.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/lockout/account_state.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// An account that a flush touches.
struct AccountUpdate {
  AccountKey key;
  AccountState state;
};

/// Makes the missing rows of accounts in bytewise order of their keys, with an empty fold_state.
Statement create_accounts(std::span<const AccountUpdate> accounts);

/// Two statements for accounts in bytewise order of their keys: create the missing rows, then lock all of them in that
/// order. The second gives (ordinal from 1, fold_state) and sees what was committed while the first waited. A row that
/// was created now has an empty fold_state; it must be updated in the same transaction.
std::vector<Statement> lock_accounts(std::span<const AccountUpdate> accounts);

/// Counts, per account in order, the undefined failures behind its attempts register, all where it has none: (ordinal
/// from 1, count). Must run
/// after the locks in a statement of its own: its snapshot then holds every version that any state has counted.
Statement recount_failures(std::span<const AccountUpdate* const> accounts);

Statement update_accounts(std::span<const AccountUpdate> accounts);

/// Gives at most one row for read_account().
Statement select_account(const AccountKey& key);
/// kCorrupt when lock_kind is none that an agent writes.
Result<ShownAccount> read_account(const Rows& rows);

}  // namespace twinlog::postgres
