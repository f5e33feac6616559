// The Spool on RocksDB: the class alone. What it takes and gives is in rocks_spool.cpp, its upkeep in
// rocks_spool_upkeep.cpp.
#pragma once

#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "spool/commit_plan.h"
#include "spool/database.h"
#include "spool/epoch_book.h"
#include "spool/epoch_tree.h"
#include "spool/letter_keeper.h"
#include "spool/opening.h"
#include "spool/position_keeper.h"
#include "spool/promised.h"
#include "spool/record_keys.h"
#include "spool/rocks_spool.h"
#include "spool/space_keeper.h"
#include "spool/spool_errors.h"
#include "spool/spool_state.h"

namespace twinlog {

using TimePoint = std::chrono::steady_clock::time_point;

/// `database_mutex_` is held shared to use the database, alone to open it again; always taken before the positions' own
/// lock. Atomics are for those who only look.
class RocksSpool final : public Spool {
 public:
  RocksSpool(RocksSpoolSettings settings, std::unique_ptr<DatabaseSetup> setup, OpenedSpool opened, Random& random,
             const Clock& clock);

  const SpoolIdentity& identity() const override { return identity_; }
  Result<std::vector<std::vector<Disposition>>> commit(std::span<const CommitRequest> requests,
                                                       const CommitMoment& moment) override;
  using Spool::commit;
  std::optional<EndedEpoch> ended_epoch() const override;
  Result<TreeState> begin_epoch(const NewEpoch& epoch, UtcMicros now) override;
  Result<TreeState> append(const LeafMaker& leaf, UtcMicros now, std::span<const LeafRange> declares) override;
  TreeState tree() const override;
  Status keep_note(const SavedNote& note) override;
  std::vector<SpoolEpoch> epochs() const override;
  std::uint64_t events_in(const LeafRange& numbers) const override;
  std::uint64_t newest_event(std::uint64_t number) const override { return book_.newest_other(number); }
  Result<SpoolBatch> read_batch(std::uint64_t after, std::size_t most_events, std::size_t most_bytes) const override;
  Result<std::vector<Version>> read(std::uint64_t after, std::size_t most_events,
                                    std::size_t most_bytes) const override;
  std::uint64_t last_leaf() const override { return last_leaf_; }
  std::uint64_t cursor(StoreId store) const override;
  std::uint64_t delivered_before(StoreId store) const override {
    return positions_.now().delivered_before.at(static_cast<std::size_t>(store));
  }
  Status move_cursor(StoreId store, std::uint64_t leaf) override;
  Status note_incomplete(StoreId store, UtcMicros since) override;
  Status keep_dead_letters(StoreId store, std::uint64_t leaf, std::span<const DeadLetter> letters) override;
  std::vector<std::uint64_t> dead_leaves(StoreId store, const LeafRange& range) const override {
    return letters_.leaves(store, range);
  }
  Result<std::vector<DeadLetter>> dead_letters(StoreId store, std::uint64_t after, std::size_t most) const override;
  Status settle_dead_letters(StoreId store, std::span<const std::uint64_t> leaves,
                             const Settlement& settlement) override;
  Status give_up_unreadable(std::uint64_t after) override;
  Status note_missing(const LeafRange& range) override;
  Status acknowledge(const LeafRange& lost, const Decision& by) override;
  Status maintain(TimePoint now) override;
  void trim_delivered(std::uint64_t number) override { positions_.trim_delivered(number); }
  Status drop_trimmed() override;
  SpoolStats stats() const override;
  Backlog backlog(StoreId store) const override;
  std::string missing() const override;
  std::vector<std::string> take_warnings() override { return warnings_.take(); }
  Status sync() override;
  void close() override;

  /// What the spool and its volume have room for.
  Status measure(TimePoint now);
  /// The volume takes no more: what is there is read, nothing is taken, until recover() finds room.
  void start_read_only() { write_refused(spool_volume_full(settings_.path)); }
  void take_ballast(TimePoint now) { space_.take_ballast(now); }

 private:
  Error closed_error() const { return spool_closed(settings_.path); }
  /// What is written and not known to be on stable storage.
  struct Pending {
    Committed committed = {};
    UtcMicros received_at = 0;
    std::optional<TreeDraft> draft = {};
  };
  Status write_commit(rocksdb::WriteBatch& batch, Pending pending);
  void install(Pending pending);
  /// Of the newest epoch; nothing where it cannot be told, or has no ledger.
  std::optional<SavedTree> newest_tree() const;
  std::vector<Loss> undeclared(std::span<const LeafRange> declares) const;
  void note_declared(std::span<const Loss> declared);
  Status keep_writable();
  Status recover();
  Status go_on(SpoolState found);
  void take_epochs(SpoolState& found);
  void bring_back(SpoolPositions& positions, const DeadLetterIndex::Place& letter);
  Status trim(TimePoint now);
  template <typename Change>
  Status change_losses(const Change& change);
  void note_loss(SpoolPositions& positions, const LeafRange& leaves);
  void write_refused(const Error& error);
  void write_failed(const Error& error);

  const RocksSpoolSettings settings_;
  const std::unique_ptr<DatabaseSetup> setup_;
  const SpoolIdentity identity_;
  Random& random_;
  const Clock& clock_;
  SpaceKeeper space_;
  PromisedFile promised_file_;  ///< Only for the committing thread.

  mutable std::shared_mutex database_mutex_;
  std::unique_ptr<Database> database_;  ///< Null while it cannot be opened again after a disk error.

  PositionKeeper positions_;
  LetterKeeper letters_;
  EpochBook book_;

  // Of the epoch under way; only for the committing thread, but what it shows of it.
  std::optional<EpochTree> tree_;
  bool needs_epoch_ = false;  ///< One was begun since the opening: nothing is taken without one any more.
  RecordKeys keys_;
  std::optional<Pending> pending_;
  mutable std::mutex shown_tree_mutex_;
  TreeState shown_tree_;

  std::atomic<std::uint64_t> last_leaf_;
  std::atomic<std::uint64_t> sync_errors_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<bool> writable_ = true;
  std::atomic<bool> is_closed_ = false;  ///< For good.
  Trouble trouble_;
  Promised last_promised_;  ///< What was there at the start counts. Only for the committing thread.
  Warnings warnings_;
  bool may_recover_in_commit_ = true;  ///< Once between two maintain(), so that a dead disk is not opened per commit.
};

}  // namespace twinlog
