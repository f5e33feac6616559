// What the spool knows of its epochs, in memory and on disk: where each begins, which numbers are leaves of the agent's
// own, and which checkpoints wait for the stores.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/epoch.h"
#include "spool/ledger_layout.h"
#include "spool/spool.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace twinlog {

/// As it lies on disk. A plain value.
struct EpochRecords {
  std::map<std::uint64_t, StoredEpoch> epochs;  ///< By base.
  std::deque<std::uint64_t> own;                ///< Numbers, ascending.
  std::map<std::uint64_t, SavedNote> notes;     ///< By the number of the last leaf under them.
  std::optional<SavedTree> tree;

  /// Errors: kCorrupt for what is not ours.
  static Result<EpochRecords> load(const Database& database);
  /// How many of these numbers are the agent's own.
  std::uint64_t own_in(const LeafRange& numbers) const;
  /// The greatest number up to this one that is none of them.
  std::uint64_t newest_other(std::uint64_t number) const;
  Uuid newest() const { return epochs.empty() ? Uuid{} : epochs.rbegin()->second.id; }
  /// The last that begins at or before the number; there is one.
  std::map<std::uint64_t, StoredEpoch>::const_iterator epoch_of(std::uint64_t number) const;
};

/// Callable from every thread.
class EpochBook {
 public:
  explicit EpochBook(EpochRecords records) : records_(std::move(records)) {}

  void install(EpochRecords records);
  void add_epoch(std::uint64_t base, const StoredEpoch& epoch);
  /// `waits_for_note`: it is one that a checkpoint stands over.
  void add_own(std::uint64_t number, bool waits_for_note);
  void add_note(std::uint64_t number, const SavedNote& note);
  /// No leaf is waited for any more.
  void stop_waiting();

  /// The epoch of a number, with the last number that it can have.
  SpoolEpoch epoch_of(std::uint64_t number, std::uint64_t last) const;
  std::optional<StoredEpoch> beginning(std::uint64_t base) const;
  /// All, oldest first; `last` is the last number given out.
  std::vector<SpoolEpoch> epochs(std::uint64_t last) const;
  /// Whether one with a ledger was ever begun in this spool, as far as it still knows.
  bool has_ledger() const;
  std::uint64_t own_in(const LeafRange& numbers) const;    ///< As EpochRecords::own_in().
  std::uint64_t newest_other(std::uint64_t number) const;  ///< As EpochRecords::newest_other().
  /// How many numbers from this one on hold so many that are none of them.
  std::uint64_t numbers_with(std::uint64_t first, std::uint64_t others) const;
  /// The first number from this one on that is none of them.
  std::uint64_t next_other(std::uint64_t number) const;
  std::vector<SavedNote> notes_in(const LeafRange& numbers) const;
  /// A leaf whose checkpoint is still being signed, and none behind it, is for no store yet.
  std::optional<std::uint64_t> waiting_for_note() const;

  /// Forgets what lies wholly below, in memory and in the batch, but the newest epoch and the spool's first one.
  void forget_below(std::uint64_t first_kept, std::uint64_t last, rocksdb::WriteBatch& batch, const Database& database);

 private:
  SpoolEpoch epoch_at(std::map<std::uint64_t, StoredEpoch>::const_iterator at, std::uint64_t last) const;

  mutable std::mutex mutex_;
  EpochRecords records_;
  std::optional<std::uint64_t> waiting_for_note_;
};

}  // namespace twinlog
