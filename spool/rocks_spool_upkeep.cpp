#include <rocksdb/write_batch.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "ledger/base/kill_point.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"
#include "spool/loss.h"
#include "spool/rocks_spool_class.h"

namespace twinlog {

Status RocksSpool::maintain(TimePoint now) {
  may_recover_in_commit_ = true;
  Status kept = keep_writable();
  kept = kept.ok() ? trim(now) : kept;
  if (kept.ok()) {
    take_ballast(now);
    kept = space_.ballast();
  }
  kept = kept.ok() ? promised_file_.write(last_promised_) : kept;
  Status measured = measure(now);
  return kept.ok() ? measured : kept;
}

Status RocksSpool::keep_writable() {
  if (writable_ && database_->has_background_error()) {
    write_failed(spool_closed(settings_.path));
  }
  Status kept = writable_ ? Status() : recover();
  if (!kept) {
    trouble_.note(kept.error());
  }
  return kept;
}

Status RocksSpool::measure(TimePoint now) {
  const std::shared_lock lock(database_mutex_);
  space_.look_at_volume();
  return database_ ? space_.measure(*database_, now) : Status(closed_error());
}

Status RocksSpool::trim(TimePoint now) {
  const std::uint64_t first_kept = positions_.raise_first_kept(now, last_leaf_, space_.room().is_short());
  if (first_kept == setup_->durable_first_kept()) {
    return {};
  }
  const std::shared_lock lock(database_mutex_);
  TWINLOG_KILL_POINT("spool.before_trim_point");
  rocksdb::WriteBatch batch;
  // First the trim point on stable storage, then the files: after a crash in between more is there than needed. The
  // cursors need no place in this batch: a start raises those that a crash has left below the trim point.
  batch.Put(database_->meta(), rocksdb::Slice(kFirstKeptKey), number_value(first_kept));
  // When nothing is left to tell it: received times never fall.
  batch.Put(database_->meta(), rocksdb::Slice(kReceivedAtKey),
            number_value(static_cast<std::uint64_t>(last_promised_.received_at)));
  book_.forget_below(first_kept, last_leaf_, batch, *database_);
  if (const std::optional<SavedTree> tree = newest_tree()) {  // Its root is to be told without what is trimmed.
    batch.Put(database_->meta(), rocksdb::Slice(kTreeKey), tree_value(*tree));
  }
  Status written = database_->write(batch, Durability::kSynced);
  if (!written) {
    write_failed(written.error());
    return written;
  }
  TWINLOG_KILL_POINT("spool.after_trim_point");
  setup_->durable_first_kept() = first_kept;
  Status dropped = database_->drop_files_below(first_kept);
  TWINLOG_KILL_POINT("spool.after_trim");
  if (!dropped) {
    write_failed(dropped.error());
  }
  return dropped;
}

Status RocksSpool::drop_trimmed() {
  const std::shared_lock lock(database_mutex_);
  return writable_ && database_ ? database_->compact_below(setup_->durable_first_kept()) : Status(closed_error());
}

/// After a failed write or sync nothing is known of what reached the disk, and the same sync is not tried again: the
/// database is closed and opened, which replays its logs into new, synced files. Where the volume has no room for
/// those, it stays open to be read.
Status RocksSpool::recover() {
  const std::unique_lock lock(database_mutex_);
  if (is_closed_) {
    return closed_error();
  }
  if (database_ && !space_.make_room_to_reopen(*database_)) {
    return spool_volume_full(settings_.path);
  }
  database_.reset();
  Result<OpenedSpool> opened = open_for_writing(*setup_, last_promised_, random_, clock_);
  if (!opened) {
    Result<std::unique_ptr<Database>> readable = Database::open_for_reading(*setup_);
    database_ = readable ? std::move(*readable) : nullptr;
    return opened.error();
  }
  if (opened->state.identity.epoch_id != identity_.epoch_id) {
    return spool_is_another(settings_.path);
  }
  database_ = std::move(opened->database);
  warnings_.add(std::move(opened->warnings));
  return go_on(std::move(opened->state));
}

/// What the store refused is offered to it once more; where the event is trimmed, it is lost for that store.
void RocksSpool::bring_back(SpoolPositions& positions, const DeadLetterIndex::Place& letter) {
  const auto store = static_cast<std::size_t>(letter.store);
  std::uint64_t& cursor = positions.cursors.at(store);
  if (letter.leaf >= positions.first_kept) {
    positions.delivered_before.at(store) = std::max(positions.delivered_before.at(store), cursor);
    cursor = std::min(cursor, letter.leaf - 1);
  } else if (!is_lost(positions, letter.leaf, letter.store)) {
    const UtcMicros now = clock_.utc_now();
    Loss loss = loss_of(*database_, identity_, {letter.leaf, letter.leaf}, {now, now});
    loss.stores = bit_of(letter.store);
    note_incomplete_since(positions, letter.store, loss.from);
    add_loss(positions, loss);
    warnings_.add({loss_words(loss)});
  }
}

/// A batch is there whole or not at all: its last number tells. What it made of the tree is taken or dropped with it.
void RocksSpool::take_epochs(SpoolState& found) {
  book_.install(std::move(found.epochs));
  if (std::optional<Pending> pending = std::exchange(pending_, std::nullopt);
      pending && pending->draft && tree_ && pending->committed.last_leaf <= found.last_event) {
    std::move(*pending->draft).install(*tree_);
    const std::scoped_lock lock(shown_tree_mutex_);
    shown_tree_ = tree_->state();
  }
}

/// With what memory knows and the disk may not: where the stores are, and what they have lost.
Status RocksSpool::go_on(SpoolState found) {
  const std::vector<DeadLetterIndex::Place> forgotten = letters_.install(std::move(found.dead_letters));
  last_promised_.received_at = std::max(last_promised_.received_at, found.last_received_at);
  return positions_.update([&](SpoolPositions& positions) -> Status {
    take_losses(positions, found.positions);
    // A start that could only read, of a spool that was being put together anew, did not know how far it was trimmed.
    positions.first_kept = std::max(positions.first_kept, found.positions.first_kept);
    for (std::uint64_t& cursor : positions.cursors) {
      cursor = std::max(cursor, positions.first_kept - 1);
    }
    for (const DeadLetterIndex::Place& letter : forgotten) {
      bring_back(positions, letter);
    }
    // The failed batch may be there after all. Its leaves then stand: they are delivered, and their senders, who were
    // told to come again, are told that they are duplicates.
    rocksdb::WriteBatch batch;
    put_positions(batch, database_->meta(), positions);
    Status written = database_->write(batch, Durability::kSynced);
    if (!written) {
      ++sync_errors_;
      return written;
    }
    take_epochs(found);
    last_leaf_ = std::max(last_leaf_.load(), found.last_leaf);
    setup_->durable_first_kept() = positions.first_kept;
    writable_ = true;
    trouble_.clear();
    return {};
  });
}

}  // namespace twinlog
