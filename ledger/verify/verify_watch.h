// Sees what a verification reads and finds out, for `twinlog reconcile`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ledger/lockout/account_state.h"
#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/leaf_claims.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

/// An account that is not what its events come to.
struct AccountDifference {
  StoreSide store = StoreSide::kPostgres;
  std::string account_digest;  ///< pair_digest(tenant_id, account)
  std::string tenant_id;       ///< Of an event that speaks to it, as is log_id; "": none is there.
  std::string log_id;
  std::optional<std::string> held;  ///< fold_state as it lies there; nothing: no row.
  /// Of the events that are there, without marks; nothing: not all of them are in it for sure, or not all are
  /// what was signed.
  std::optional<AccountState> true_state;
  bool is_partly_gone = false;                    ///< It may rest on more than those.
  std::map<std::uint32_t, std::uint64_t> newest;  ///< By epoch number, the last leaf that is in it.
};

/// Called by the thread that called verify_stores(), in this order. An Error ends the verification and comes back.
class VerifyWatch {
 public:
  virtual ~VerifyWatch() = default;
  virtual Status take(StoreSide store, const LedgerCheckpointRow& row) = 0;
  virtual Status take(StoreSide store, const LedgerEpochRow& row) = 0;
  /// Every leaf that anything is claimed of, by epoch number and index, when all that can be proven is.
  virtual Status take(const LeafGroup& group, std::uint32_t epoch, EpochRegister& book) = 0;
  virtual Status take(const AccountDifference& difference) = 0;
  /// Whether the row at that place is what was signed, as far as the leaves have told; before the accounts are taken.
  virtual bool is_sound(StoreSide store, LeafSpot spot) const = 0;
};

}  // namespace twinlog
