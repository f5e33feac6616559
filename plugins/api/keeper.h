// What erasure, retention and retirement do in a store (ledger/FORMAT.md). It works over a connection of its own, with
// the rights of role twinlog_keeper (`stores.<name>.keeper_uri`), and only after the leaf that declares it is under a
// checkpoint in every store. Implementations: plugins/postgres, plugins/mongodb. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"
#include "ledger/record/ledger_part.h"
#include "plugins/api/store_result.h"

namespace twinlog {

/// A record with all that belongs to it: its conflicts and the further acceptances of either.
struct KeptRecord {
  EventKey key;
  std::vector<LeafPlace> leaves;
  UtcMicros newest_received_at = 0;   ///< Of all of them.
  std::vector<std::string> accounts;  ///< That its versions speak to, as far as they are not erased.
};

/// What is to be erased of some records of a tenant: fields by their numbers (ledger/FORMAT.md), ascending.
struct Erasure {
  std::span<const EventKey> keys;
  std::span<const std::uint8_t> fields;
};

struct ErasureReport {
  std::uint64_t records = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t further_acceptances = 0;
  std::uint64_t accounts = 0;  ///< Rows of accounts that nothing else feeds, taken away.
};

struct RetentionReport {
  std::uint64_t records = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t further_acceptances = 0;
};

class StoreKeeper {
 public:
  virtual ~StoreKeeper() = default;
  /// Connects and checks every right that the calls below need. The error (kHold) names what is missing and what to do.
  virtual StoreStatus connect() = 0;
  /// Of these keys, those that are there; in any order.
  virtual StoreResult<std::vector<KeptRecord>> records(std::span<const EventKey> keys) = 0;
  /// Keys of the records and conflicts that speak to the account, up to `most` above `after`, in bytewise order of
  /// log_id.
  virtual StoreResult<std::vector<EventKey>> keys_of_account(const AccountKey& account, const std::string& after,
                                                             std::size_t most) = 0;
  /// Up to `most` records with a received_at before `time`, at or behind `from`, oldest first.
  virtual StoreResult<std::vector<EventKey>> keys_before(UtcMicros from, UtcMicros time, std::size_t most) = 0;
  /// The values become NULL, record_key and content_hash too (of a conflict: content_hash becomes its leaf_hash), salts
  /// keep the proofs valid; for conflicts and further acceptances alike. Accounts that nothing else feeds go. Repeating
  /// it changes nothing.
  virtual StoreResult<ErasureReport> erase(const Erasure& erasure) = 0;
  /// Deletes whole records: row, conflicts, further acceptances in every epoch. Tiles stay. Repeating is safe.
  virtual StoreResult<RetentionReport> prune(std::span<const EventKey> keys) = 0;
  /// Sets ledger_epochs.retired, where the epoch is there and it is not set.
  virtual StoreStatus retire(const Uuid& epoch_id, const std::string& retirement) = 0;
};

}  // namespace twinlog
