// What `twinlog reconcile --repair` does in a store: puts back what the other store has and this one lacks, and makes
// accounts again. It works with the rights of the agents' own login, over a connection of its own, beside agents that
// write; positions in twinlog_agents it leaves alone. Implementations: plugins/postgres, plugins/mongodb. One thread at
// a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"
#include "ledger/record/ledger_part.h"
#include "plugins/api/ledger_reader.h"
#include "plugins/api/store_result.h"

namespace twinlog {

/// Of one epoch. Versions are in leaf order.
struct Restoration {
  Uuid epoch_id{};
  std::span<const Version> versions;
  LedgerPart ledger;
};

/// An account as it is to be.
struct AccountRestoration {
  AccountKey key;
  std::optional<std::string> held;  ///< fold_state as it was read; nothing: there was no row.
  AccountState state;               ///< Its marks: how far of each epoch it has everything.
};
enum class AccountRestored : std::uint8_t { kWritten, kChangedMeanwhile };

class StoreMender {
 public:
  virtual ~StoreMender() = default;
  /// The error says what is missing and what to do.
  virtual StoreStatus connect() = 0;
  /// The records and conflicts with these keys, in any order, as they lie there.
  virtual StoreResult<std::vector<LedgerRow>> versions(std::span<const EventKey> keys) = 0;
  /// Those of ledger_leaves that can be read, in any order.
  virtual StoreResult<std::vector<LedgerLeafRow>> leaves(std::span<const LeafPlace> places) = 0;
  /// Its fold_state, as it lies there.
  virtual StoreResult<std::optional<std::string>> account_state(const AccountKey& key) = 0;
  /// Inserts what is absent as a flush does, and changes nothing that is there but has_conflict; no account. Repeating
  /// it changes nothing. An error: nothing of it is there, or some; kPoison where the store will not have one of them.
  virtual StoreStatus restore(const Restoration& restoration) = 0;
  /// Writes the row, unless it is no longer as it was read.
  virtual StoreResult<AccountRestored> write_account(const AccountRestoration& account) = 0;
};

}  // namespace twinlog
