// A way out: what the courier needs of a store, and nothing of how a store does it. Implementations: plugins/postgres,
// plugins/mongodb. No store retries on its own or touches the spool, nor does it sleep, but for moments after a lost
// race for an account, nor start threads but to look up a name.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/lockout/account_state.h"
#include "ledger/record/auth_event.h"
#include "ledger/record/ledger_part.h"
#include "plugins/api/check_line.h"
#include "plugins/api/store_result.h"

namespace twinlog {

/// For the error of flush() when the position is not as it was left.
inline constexpr std::string_view kPositionMovedWords =
    "this agent's position in the store changed between two flushes: the store was restored or emptied in place, or a "
    "copy of this spool writes there too; the agent compares positions and sends again what is missing";

/// The agent's place in a store (docs/STORES.md), one row per epoch in twinlog_agents.
struct AgentPosition {
  std::uint64_t last_leaf = 0;  ///< Index in the epoch of the newest leaf delivered, the agent's own included.
  UtcMicros flushed_at = 0;
  UtcMicros newest_effective_at = 0;
};

/// A version that the store can never take, in whatever company.
struct RefusedVersion {
  std::uint64_t leaf_index = 0;
  StoreError error;  ///< kPoison, with code and constraint as the server named them.
};

/// What one flush did; all numbers are versions, but accounts, recounts and round_trips.
struct FlushReport {
  std::uint64_t inserted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;  ///< Kept beside the record for the first time.
  std::uint64_t accounts = 0;   ///< Account states written.
  std::uint64_t recounts = 0;
  std::uint64_t round_trips = 0;
  /// In leaf order. The batch was cut down to them, and all the rest of it is in the store.
  std::vector<RefusedVersion> refused = {};
};

/// One flush, of one epoch. Versions are in leaf order and unique by leaf_index; the same key may occur several times.
struct FlushBatch {
  Uuid epoch_id{};
  std::span<const Version> versions;
  /// To be written with it: the last leaf of `versions`, or one beyond, where nothing lies under those between. There
  /// may be no version at all.
  AgentPosition position;
  /// Dead letters, offered again: their leaves lie below the position in the store, which stays where it is, and their
  /// accounts are counted anew from all that lies there, so that they end as if the events had come in time.
  bool is_replay = false;
  /// Some of it was in this store before, which has lost something since: its accounts may still hold what it says, so
  /// that those of the versions that are not there are counted anew. (A store whose accounts tell what they hold needs
  /// no telling.)
  bool is_resent = false;
  LedgerPart ledger = {};
  /// Epochs of which this store has everything with this flush: their closed_at is set, where it is not.
  std::vector<Uuid> closed = {};
};

/// One thread calls it at a time.
class Store {
 public:
  virtual ~Store() = default;
  /// Connects where there is no connection, brings the schema up to date where that is allowed, and reads the positions
  /// of these epochs, in their order (nothing: the store has none for it).
  virtual StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> epochs) = 0;
  virtual bool is_connected() const = 0;
  /// What connecting did or found since the last call that an operator should read once: steps of the schema, roles
  /// that are missing and the SQL that makes them.
  virtual std::vector<CheckLine> take_notes() { return {}; }
  /// Writes the batch, unless the position of its epoch in the store is no longer the one that connect() read or the
  /// last flush of that epoch wrote (nothing, for an epoch that connect() was not asked for) (somebody restored the
  /// store in place: error kReconnect, so that it is compared again). A report: all of it but `refused` is in the store
  /// durably, with conflicts, accounts and position. An error: some of it may be there; flushing the same versions
  /// again, cut in any way, ends in the same state. Where the store does not know an error, and it hits some versions
  /// alone while it would take the rest, the error names them (StoreError::leaves).
  virtual StoreResult<FlushReport> flush(const FlushBatch& batch) = 0;
  /// Whether a record with this key is there. The connection is there.
  virtual StoreResult<bool> has_record(const EventKey& key) = 0;
  virtual void disconnect() = 0;
  /// The store's clock minus ours (a positive one: its clock is ahead), as the last connect() measured it between
  /// asking and being answered, so right within half of kLongestClockQuestion; nothing where it could not.
  virtual std::optional<std::chrono::microseconds> clock_offset() const { return std::nullopt; }
};

/// An answer that took longer tells nothing of the clock.
inline constexpr std::chrono::microseconds kLongestClockQuestion = std::chrono::seconds{1};

/// From the store's time and our own before and after asking for it.
std::optional<std::chrono::microseconds> clock_offset_of(UtcMicros theirs, UtcMicros before, UtcMicros after);

/// `twinlog check --stores` and `twinlog migrate` for one store.
class StoreAdmin {
 public:
  virtual ~StoreAdmin() = default;
  /// Connects and reports server version, rights and schema state, in words that tell what to do.
  virtual std::vector<CheckLine> check() = 0;
  /// Creates or upgrades the schema. The lines say what was done; where a role could not be created, one problem line
  /// holds the SQL to run.
  virtual StoreResult<std::vector<CheckLine>> migrate() = 0;
};

/// A record as it lies in a store.
struct StoredVersion {
  Version version;  ///< content_hash as stored; event as read back (hash it again to compare).
  bool has_conflict = false;
  bool is_erased = false;  ///< Some fields are gone, with content_hash and record_key.
};

/// A leaf in ledger_leaves: the agent's own, or a further acceptance.
struct StoredLeaf {
  LeafPlace place;
  std::string leaf;
};

/// A checkpoint of any agent, with what its epoch began with ("" where the store does not have that). Nothing in it is
/// trusted.
struct SeenCheckpoint {
  Uuid epoch_id{};
  std::string note;
  std::string open = {};            ///< The OPEN leaf.
  std::string beginning_note = {};  ///< Of size 1.
};

/// Reading back, for comparison and proofs: unscoped, needs the writer's own rights. One thread at a time.
class StoreReader {
 public:
  virtual ~StoreReader() = default;
  /// The records with these keys, in any order; keys that are not there are left out.
  virtual StoreResult<std::vector<StoredVersion>> records(std::span<const EventKey> keys) = 0;
  virtual StoreResult<std::vector<StoredVersion>> conflicts(std::span<const EventKey> keys) = 0;
  virtual StoreResult<std::optional<ShownAccount>> account(const AccountKey& key) = 0;
  /// Those of ledger_leaves that are there, in any order.
  virtual StoreResult<std::vector<StoredLeaf>> leaves(std::span<const LeafPlace> places) = 0;
  /// PRUNE leaves of whatever agent, all that name leaves of these epochs among them. Reads the agents' own leaves
  /// through.
  virtual StoreResult<std::vector<StoredLeaf>> prunes_of(std::span<const Uuid> epochs) = 0;
  /// The newest by accepted_at, newest first.
  virtual StoreResult<std::vector<SeenCheckpoint>> newest_checkpoints(std::size_t most) = 0;
};

}  // namespace twinlog
