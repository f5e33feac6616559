// The durable queue. A commit that returns has been fsynced; each store has a cursor of its own; what lies below every
// cursor and is older than `keep_delivered` is trimmed.
//
// Invariants
//  1. commit() answers kStored / kDuplicate / kConflict only for versions on stable storage: one write batch, one sync,
//     for all requests of one call (group commit).
//  2. One number counts everything that is accepted from 1, in commit order: it is key, cursor, backlog and position. A
//     number that leads nowhere is on record: skipped (by an older build), or lost; any other hole is found at the next
//     opening and becomes a loss. The door of the ledger: the leaf of each version is to be made in commit(), in the
//     same batch.
//  3. A cursor names the last leaf its store has, or has refused for good; after a crash it is at worst too low: a
//  crash
//     repeats, never skips.
//  4. Start reads the last key and the cursors, never the backlog.
//  5. No tombstones: trimmed records disappear by whole files and by compaction, and no read starts below a cursor.
//  6. What was promised and cannot be read is never passed over in silence: first the loss is on stable storage, then a
//     reader goes beyond it. Files that were damaged stay in the folder.
//  7. received_at never falls within an epoch, whatever the clock does.
//  8. Nothing durable lies outside the file system interface (rocksdb::Env) that the spool was opened with.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"
#include "ledger/record/event_reader.h"
#include "ledger/record/ledger_part.h"
#include "spool/dead_letter.h"
#include "spool/epoch.h"

namespace twinlog {

enum class StoreId : std::uint8_t { kPostgres = 0, kMongodb = 1 };
inline constexpr std::size_t kStores = 2;
inline constexpr std::uint8_t kAllStores = (1U << kStores) - 1;
std::string_view store_name(StoreId store);  ///< "postgres", "mongodb"

/// What became of one offered event.
enum class Disposition : std::uint8_t {
  kStored,     ///< Accepted now.
  kDuplicate,  ///< Same key and content as a version that the spool still remembers.
  kConflict,   ///< Same key as a remembered version, other content: accepted beside it.
  kBusy,       ///< Not accepted: no room.
};

/// Whether one full spool refuses single events or the request as a whole.
enum class Atomicity : std::uint8_t { kPerEvent, kWhole };

/// Own leaves that go with the commit of events, behind them in the same batch.
struct CommitMoment {
  UtcMicros received_at = 0;
  const LeafMaker* rider = nullptr;  ///< None where it is null.
};

/// What a courier takes to a store at once: items of one epoch, in order.
struct SpoolBatch {
  SpoolEpoch epoch;
  /// All up to this number is in the batch, or leads nowhere; 0: there is nothing to read.
  std::uint64_t last_number = 0;
  std::uint64_t items = 0;  ///< Versions and own leaves.
  /// Nothing is given because a checkpoint over the next leaf is being signed: it goes out with that.
  bool waits_for_note = false;
  std::vector<Version> versions = {};  ///< leaf_index is the index in the epoch.
  LedgerPart ledger = {};              ///< Empty where the epoch has none.
  /// Epochs before this one that end below it, and this one where its last item is in the batch and it is over: once
  /// the batch is in a store, it has all of them.
  std::vector<Uuid> closed = {};
};

/// The events of one request. The pointed-to events outlive the commit.
struct CommitRequest {
  std::span<const AcceptedEvent> events;
  Atomicity atomicity = Atomicity::kPerEvent;
  Arrival arrival = {};
};

/// What is drawn once when a spool is created and stays for its life.
struct SpoolIdentity {
  Uuid epoch_id{};         ///< UUIDv7
  std::string log_id_key;  ///< 32 random bytes: the HMAC key for generated log ids. A secret.
};

/// Numbers, from the first to the last.
struct LeafRange {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  bool operator==(const LeafRange&) const = default;
};

/// Events that were promised and are gone: the bytes came back wrong, or not at all.
struct Loss {
  LeafRange leaves;
  UtcMicros found_at = 0;
  /// The events were accepted between these two.
  UtcMicros from = 0;
  UtcMicros until = 0;
  /// Bit by bit, the stores that can never have them: one alone where only its dead letters were left of them.
  std::uint8_t stores = kAllStores;
  bool is_declared = false;  ///< A GAP leaf says so.
};
constexpr std::uint8_t bit_of(StoreId store) {
  return static_cast<std::uint8_t>(1U << static_cast<std::uint8_t>(store));
}
constexpr bool is_lost_for(const Loss& loss, StoreId store) {
  return (loss.stores & bit_of(store)) != 0;
}

/// Of which somebody knows.
struct AcknowledgedLoss : Loss {
  Decision by;
};

struct SpoolStats {
  std::uint64_t last_leaf = 0;        ///< 0: nothing was ever accepted.
  std::uint64_t first_kept_leaf = 1;  ///< Everything below was trimmed.
  std::uint64_t own_leaves = 0;       ///< How many of those that are kept are no events but the agent's own.
  std::array<std::uint64_t, kStores> cursors{};
  /// As note_incomplete() was told.
  std::array<std::optional<UtcMicros>, kStores> incomplete_since{};
  std::uint64_t disk_bytes = 0;  ///< What the folder takes: as of the last maintain(), and what was written since.
  std::uint64_t max_bytes = 0;   ///< The setting, or the size of the volume where that is smaller.
  /// What the volume would still give, as of the last maintain(); nothing where it cannot be told.
  std::optional<std::uint64_t> volume_free_bytes;
  /// Until it is full, at the rate of the last minute; nothing while it does not grow.
  std::optional<std::chrono::seconds> full_in;
  bool is_full = false;                ///< There is no room even for one of the four base types.
  bool takes_only_base_types = false;  ///< The last tenth (docs/OPERATING.md), or full.
  /// What the folder may take as things are: `max_bytes`, or less where the volume cannot give that.
  std::uint64_t limit_bytes = 0;
  std::uint64_t reserve_bytes =
      0;                    ///< Of `max_bytes`: no event is let in there, what the spool writes itself needs it.
  bool has_ballast = true;  ///< The room that opening the spool again after a full volume needs is kept free.
  /// Events that were promised and are gone, in order, until somebody acknowledges that.
  std::vector<Loss> losses;
  std::vector<AcknowledgedLoss> acknowledged;
  /// Folders `damaged-*` of files as an opening found them, until somebody takes them away: as of the last maintain().
  std::uint64_t damaged_copies = 0;
  /// What taking them away would free. Not in `disk_bytes`: evidence never keeps an event out, as long as the volume
  /// has room.
  std::uint64_t damaged_bytes = 0;
  std::array<DeadLetterCounts, kStores> dead_letters{};
  std::uint64_t dead_letters_max = 0;  ///< Bytes, of all stores together.
  bool is_volume_full = false;         ///< Nothing is taken because the volume has no room.
  std::string trouble;                 ///< Why the disk lets it take nothing, in words; "" while it does.
  std::uint64_t syncs = 0;             ///< RocksDB's count of WAL syncs.
  std::uint64_t sync_errors = 0;
  std::uint64_t commits = 0;
  /// Ids of the memory for duplicates that could not be read, and times that it was begun anew, since the start: an
  /// event that is sent again may then be taken again, and is a duplicate only for the stores.
  std::uint64_t unreadable_ids = 0;
  std::uint64_t forgotten_ids = 0;
  bool writable = true;  ///< The last commit or probe succeeded.

  /// How many versions are kept.
  std::uint64_t records() const { return last_leaf + 1 - first_kept_leaf - own_leaves; }
};

/// What one store does not have yet.
struct Backlog {
  std::uint64_t events = 0;
  /// Their records' size as the spool keeps them, before compression: exact for up to kCountedEvents, from kSamples
  /// records spread evenly over the backlog beyond that. Nothing while the spool cannot be read.
  std::optional<std::uint64_t> bytes;
  std::optional<UtcMicros> oldest_received_at;  ///< Nothing when none waits, or while the spool cannot be read.

  static constexpr std::uint64_t kCountedEvents = 1024;
  static constexpr std::uint64_t kSamples = 64;
};

/// Threads: commit() and maintain() from one thread at a time; everything else from any thread.
class Spool {
 public:
  virtual ~Spool() = default;

  virtual const SpoolIdentity& identity() const = 0;

  /// Takes the requests in order; the outer vector of the answer matches `requests`, the inner one its events.
  /// An Error means that nothing of the whole call is promised (the disk refused): answer `busy`.
  virtual Result<std::vector<std::vector<Disposition>>> commit(std::span<const CommitRequest> requests,
                                                               const CommitMoment& moment) = 0;
  Result<std::vector<std::vector<Disposition>>> commit(std::span<const CommitRequest> requests, UtcMicros received_at) {
    return commit(requests, CommitMoment{.received_at = received_at});
  }

  // The ledger. Where no epoch was begun since the spool was opened, events are taken without leaves, in the epoch that
  // was drawn when the spool was created, if nothing was ever begun in it.

  /// As found at the opening; nothing where there was none with a ledger.
  virtual std::optional<EndedEpoch> ended_epoch() const = 0;
  /// Ends the one under way, if any, and begins another with its leaf 0, synced. The committing thread alone.
  virtual Result<TreeState> begin_epoch(const NewEpoch& epoch, UtcMicros now) = 0;
  /// Puts one leaf of the agent's own behind all others, synced; `declares` are losses that it declares (is_declared
  /// from then on). The committing thread alone.
  virtual Result<TreeState> append(const LeafMaker& leaf, UtcMicros now, std::span<const LeafRange> declares = {}) = 0;
  /// Out of memory.
  virtual TreeState tree() const = 0;
  /// Synced: after this the note may be published.
  virtual Status keep_note(const SavedNote& note) = 0;
  /// All of which an item is kept or that a store does not have whole yet, oldest first, the one under way last.
  virtual std::vector<SpoolEpoch> epochs() const = 0;
  /// How many of these numbers are no leaves of the agent's own. Out of memory.
  virtual std::uint64_t events_in(const LeafRange& numbers) const = 0;

  /// The greatest number up to `number` that is no leaf of the agent's own; 0: none that is known. Out of memory.
  virtual std::uint64_t newest_event(std::uint64_t number) const = 0;

  /// Up to `most_events` events (and about `most_bytes` of them, at least one) with a number above `after`, of one
  /// epoch, and the own leaves among them.
  virtual Result<SpoolBatch> read_batch(std::uint64_t after, std::size_t most_events, std::size_t most_bytes) const = 0;
  /// Up to `most_events` versions (and about `most_bytes` of them, at least one) with a number above `after`, in order,
  /// whatever epochs they are of; own leaves are passed over.
  virtual Result<std::vector<Version>> read(std::uint64_t after, std::size_t most_events,
                                            std::size_t most_bytes) const = 0;

  virtual std::uint64_t last_leaf() const = 0;
  virtual std::uint64_t cursor(StoreId store) const = 0;
  /// Up to here the store once had everything, whatever it has lost since; 0 where its cursor never went back.
  virtual std::uint64_t delivered_before(StoreId store) const = 0;
  /// Moves the cursor to `leaf`, forwards after a flush or backwards after a store forgot; backwards never below what
  /// is still kept (the cursor then stands before the first kept leaf). Durable with the next commit at the latest; one
  /// that goes back at once, and an Error says that it went back in memory only.
  virtual Status move_cursor(StoreId store, std::uint64_t leaf) = 0;

  /// The store lost what the spool no longer has: it may lack events accepted since `since`. The earliest of all notes
  /// is kept, durably, over restarts.
  virtual Status note_incomplete(StoreId store, UtcMicros since) = 0;
  /// One synced write: `letters` are kept and the store's cursor moves to `leaf`; those that were kept or discarded
  /// before stay as they are. kRefused where their share (`dead_letters_max`) is used up: nothing has changed then.
  virtual Status keep_dead_letters(StoreId store, std::uint64_t leaf, std::span<const DeadLetter> letters) = 0;
  /// The leaves in the range that the store is not to be offered with the others: dead letters, and discarded ones.
  virtual std::vector<std::uint64_t> dead_leaves(StoreId store, const LeafRange& range) const = 0;
  /// Up to `most` unsettled letters with a leaf above `after`, in order.
  virtual Result<std::vector<DeadLetter>> dead_letters(StoreId store, std::uint64_t after, std::size_t most) const = 0;
  /// Durably. Leaves that are no letters of the store are left out.
  virtual Status settle_dead_letters(StoreId store, std::span<const std::uint64_t> leaves,
                                     const Settlement& settlement) = 0;
  /// Goes on record, durably, as lost: what lies next behind `after` and cannot be read. read() goes beyond it from
  /// then on. Nothing happens where it can be read.
  virtual Status give_up_unreadable(std::uint64_t after) = 0;
  /// Goes on record, durably, as lost: the numbers in `range` that lead nowhere and are not on record yet.
  virtual Status note_missing(const LeafRange& range) = 0;

  /// Somebody knows of this loss: it no longer counts as trouble, and stays on record with the decision. kRefused where
  /// exactly these leaves are not among the losses.
  virtual Status acknowledge(const LeafRange& lost, const Decision& by) = 0;

  /// Trims what all stores have had for `keep_delivered` (sooner when space runs short) and measures the folder. To be
  /// called about once a second.
  virtual Status maintain(std::chrono::steady_clock::time_point now) = 0;

  /// The next maintain() trims up to this number what all stores have, whatever `keep_delivered` says.
  virtual void trim_delivered(std::uint64_t number) = 0;
  /// Takes what was trimmed out of the files, not only out of sight. Waits for the disk.
  virtual Status drop_trimmed() = 0;

  /// Out of memory: never waits for the disk.
  virtual SpoolStats stats() const = 0;

  /// Does not wait while the spool is being opened again, but for a disk that does not answer.
  virtual Backlog backlog(StoreId store) const = 0;
  /// What somebody took from the spool's folder, for people ("the folder", "CURRENT, 000012.log"); "" while all is
  /// there and while the spool is being opened again. Waits as backlog().
  virtual std::string missing() const = 0;

  /// What the last openings found, in words for a log; each is given once.
  virtual std::vector<std::string> take_warnings() = 0;

  /// Makes everything durable, cursors included.
  virtual Status sync() = 0;

  /// Closes the files, which waits for the database's own work on them. Afterwards only what is known in memory may be
  /// asked (stats(), cursor(), last_leaf(), identity()); a read is refused, a cursor moves in memory only.
  virtual void close() = 0;
};

}  // namespace twinlog
