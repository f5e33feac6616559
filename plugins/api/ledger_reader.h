// Reading a whole store for `twinlog verify` and `prove`: everything as it lies there, in no particular order, out of a
// connection that row-level security does not filter, or out of an export. Implementations: plugins/postgres,
// plugins/mongodb, plugins/exports. Memory does not grow with what is read. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"
#include "plugins/api/store.h"
#include "plugins/api/store_result.h"

namespace twinlog {

/// A record or a conflict as it lies in a store. Nothing in it is trusted.
struct LedgerRow {
  bool is_conflict = false;
  /// Its key as the row has it, and what could be read of the rest; `version.ledger` is absent where the row has no
  /// tenant_seq or record_key of its own.
  Version version;
  std::optional<std::uint64_t> tenant_seq;  ///< Also of an erased row, which has no record_key.
  bool has_content_hash = false;            ///< version.content_hash means something: not erased.
  bool has_conflict = false;
  std::string salts;  ///< What is kept of erased fields and of those beside them; "" where nothing was erased.
  /// What no writer of ours ever puts there, in words that name the column and no value: an address with a netmask, a
  /// date beside its microseconds, an unknown field, an _id that is not the key, bytes that are no hash.
  std::vector<std::string> faults;
};

/// A row of ledger_epochs; "" where a column is NULL or of another type.
struct LedgerEpochRow {
  std::string epoch_id;  ///< As text.
  std::string origin;
  std::string open;
  std::string note;
  std::string retired;
};

struct LedgerTileRow {
  Uuid epoch_id{};
  std::uint64_t first_index = 0;
  std::uint64_t leaf_count = 0;
  UtcMicros first_accept_at = 0;
  UtcMicros last_accept_at = 0;
  std::string hashes;
};

struct LedgerLeafRow {
  Uuid epoch_id{};
  std::uint64_t leaf_index = 0;
  std::string leaf;
  /// Of a further acceptance alone.
  std::optional<std::string> tenant_id;
  std::optional<std::string> log_id;
  std::optional<std::uint64_t> tenant_seq;
  std::optional<RecordKey> record_key;
  std::string salts;
};

struct LedgerCheckpointRow {
  Uuid epoch_id{};
  std::uint64_t size = 0;
  std::string root;
  std::string note;
  UtcMicros accepted_at = 0;
};

struct LedgerAccountRow {
  AccountKey key;
  ShownAccount account;
  std::string state;  ///< fold_state, its bytes.
  std::vector<std::string> faults;
};

/// Takes one row; an Error ends the reading and comes back from it.
template <typename Row>
using RowSink = std::function<Status(Row&&)>;

/// Rows that cannot be read as what they should be are told to the sink of broken rows: table, key as far as it is
/// known, what is wrong; no value.
struct BrokenRow {
  std::string table;
  std::string key;
  std::string words;
};

/// Of one table or collection, as counted by the store (an estimate is enough): for progress.
struct LedgerSizes {
  std::uint64_t records = 0;
  std::uint64_t leaves = 0;  ///< ledger_leaves
  std::uint64_t tiles = 0;
};

class LedgerReader {
 public:
  virtual ~LedgerReader() = default;
  /// Connects and checks that it reads everything: no policy that filters, tables and no views, the schema of the
  /// ledger. The error says what is missing and what to do.
  virtual StoreStatus open() = 0;
  virtual StoreResult<LedgerSizes> sizes() = 0;
  /// From here to end_snapshot() all is read as of one moment, where the store can do that: what a flush writes
  /// together is seen together. Else each call reads what is there by then.
  virtual StoreStatus begin_snapshot() { return std::nullopt; }
  virtual void end_snapshot() {}
  virtual StoreStatus checkpoints(const RowSink<LedgerCheckpointRow>& sink) = 0;
  virtual StoreStatus epochs(const RowSink<LedgerEpochRow>& sink) = 0;
  virtual StoreStatus accounts(const RowSink<LedgerAccountRow>& sink) = 0;
  virtual StoreStatus tiles(const RowSink<LedgerTileRow>& sink) = 0;
  virtual StoreStatus leaves(const RowSink<LedgerLeafRow>& sink) = 0;
  /// Records, then conflicts.
  virtual StoreStatus rows(const RowSink<LedgerRow>& sink) = 0;
  /// Columns or fields of auth_logs that no build of ours knows, for the summary.
  virtual std::vector<std::string> unknown_columns() const { return {}; }
  /// Told of each broken row that the calls above meet; before the first of them.
  virtual void tell_broken(RowSink<BrokenRow> sink) = 0;
};

}  // namespace twinlog
