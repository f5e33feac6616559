#include "spool/rocks_spool.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "ledger/base/kill_point.h"
#include "spool/commit_plan.h"
#include "spool/database.h"
#include "spool/layout.h"
#include "spool/measure_backlog.h"
#include "spool/opening.h"
#include "spool/position_keeper.h"
#include "spool/read_versions.h"
#include "spool/space_keeper.h"
#include "spool/spool_errors.h"
#include "spool/spool_state.h"

namespace twinlog {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

/// `database_mutex_` is held shared to use the database, alone to open it again; always taken before the positions' own
/// lock. Atomics are for those who only look.
class RocksSpool final : public Spool {
 public:
  RocksSpool(RocksSpoolSettings settings, std::unique_ptr<DatabaseSetup> setup, OpenedSpool opened, Random& random,
             const Clock& clock);

  const SpoolIdentity& identity() const override { return identity_; }
  Result<std::vector<std::vector<Disposition>>> commit(std::span<const CommitRequest> requests,
                                                       UtcMicros received_at) override;
  Result<std::vector<Version>> read(std::uint64_t after, std::size_t most_events,
                                    std::size_t most_bytes) const override;
  std::uint64_t last_leaf() const override { return last_leaf_; }
  std::uint64_t cursor(StoreId store) const override;
  Status move_cursor(StoreId store, std::uint64_t leaf) override;
  Status note_incomplete(StoreId store, UtcMicros since) override;
  Status skip_to(std::uint64_t leaf) override {
    return change_losses([leaf](SpoolPositions& positions, rocksdb::WriteBatch& /*batch*/) {
      positions.skipped_to = std::max(positions.skipped_to, leaf);
      return Status();
    });
  }
  Status acknowledge(const LeafRange& lost, const std::string& reason, UtcMicros now) override;
  Status maintain(TimePoint now) override;
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
  Status keep_writable();
  Status recover();
  Status go_on(const SpoolState& found);
  Status trim(TimePoint now);
  template <typename Change>
  Status change_losses(const Change& change);
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

  std::atomic<std::uint64_t> last_leaf_;
  std::atomic<std::uint64_t> sync_errors_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<bool> writable_ = true;
  Trouble trouble_;
  Promised last_promised_;  ///< What was there at the start counts. Only for the committing thread.
  Warnings warnings_;
  bool may_recover_in_commit_ = true;  ///< Once between two maintain(), so that a dead disk is not opened per commit.
};

RocksSpool::RocksSpool(RocksSpoolSettings settings, std::unique_ptr<DatabaseSetup> setup, OpenedSpool opened,
                       Random& random, const Clock& clock)
    : settings_(std::move(settings)),
      setup_(std::move(setup)),
      identity_(std::move(opened.state.identity)),
      random_(random),
      clock_(clock),
      space_(*setup_, settings_.max_bytes),
      promised_file_(setup_->env(), settings_.path),
      database_(std::move(opened.database)),
      positions_(opened.state.positions, settings_.keep_delivered, settings_.stores),
      last_leaf_(opened.state.last_leaf),
      last_promised_{opened.state.last_leaf, clock.utc_now()} {
  setup_->durable_first_kept() = opened.state.positions.first_kept;
  warnings_.add(std::move(opened.warnings));
}

void RocksSpool::write_refused(const Error& error) {
  writable_ = false;
  trouble_.note(error);
}

void RocksSpool::write_failed(const Error& error) {
  write_refused(error);
  ++sync_errors_;
}

Result<std::vector<std::vector<Disposition>>> RocksSpool::commit(std::span<const CommitRequest> requests,
                                                                 UtcMicros received_at) {
  if (!writable_) {
    Status recovered = std::exchange(may_recover_in_commit_, false) ? recover() : Status(closed_error());
    if (!recovered) {
      return recovered.error();
    }
  }
  const std::shared_lock lock(database_mutex_);
  const SpoolPositions positions = positions_.now();
  CommitTerms terms{.agent = settings_.agent,
                    .epoch_id = identity_.epoch_id,
                    .received_at = received_at,
                    .last_leaf = std::max(last_leaf_.load(), positions.skipped_to),
                    .first_kept = positions.first_kept};
  CommitPlan plan(std::move(terms), space_.room(), *database_);
  std::vector<std::vector<Disposition>> answers = plan.decide(requests);
  if (plan.batch().Count() == 0) {
    return answers;  // Duplicates lean on versions that earlier commits have synced.
  }
  TWINLOG_KILL_POINT("spool.before_commit");
  const std::uint64_t bytes = plan.batch().GetDataSize();
  Status written = database_->write(plan.batch(), Durability::kSynced);
  if (!written) {
    write_failed(written.error());
    return written.error();
  }
  TWINLOG_KILL_POINT("spool.after_commit");
  last_leaf_ = plan.last_leaf();
  last_promised_ = {plan.last_leaf(), received_at};
  space_.wrote(bytes);
  ++commits_;
  return answers;
}

Result<std::vector<Version>> RocksSpool::read(std::uint64_t after, std::size_t most_events,
                                              std::size_t most_bytes) const {
  const std::shared_lock lock(database_mutex_);
  if (!database_) {
    return closed_error();
  }
  const std::uint64_t first = first_after(after, positions_.now().first_kept);
  // A commit shows its events to readers a moment before it counts them; a cursor could not follow beyond the count.
  return read_versions(*database_, {first, last_leaf_, most_events, most_bytes});
}

std::uint64_t RocksSpool::cursor(StoreId store) const {
  return positions_.now().cursors[static_cast<std::size_t>(store)];
}

Status RocksSpool::move_cursor(StoreId store, std::uint64_t leaf) {
  const std::shared_lock lock(database_mutex_);
  const auto [target, is_rewind] = positions_.move(store, leaf, last_leaf_);
  if (!writable_ || !database_) {
    // Written when the database is open again; until then a crash repeats what memory knew, or goes on too far.
    return is_rewind ? Status(closed_error()) : Status();
  }
  rocksdb::WriteBatch batch;
  TWINLOG_KILL_POINT("spool.before_cursor");
  batch.Put(database_->meta(), cursor_key(store), number_value(target));
  // Forwards, a crash that loses the move only repeats. Backwards, it would skip: so that one is synced.
  Status written = database_->write(batch, is_rewind ? Durability::kSynced : Durability::kWithNextSync);
  if (!written) {
    write_failed(written.error());
    return is_rewind ? written : Status();
  }
  TWINLOG_KILL_POINT("spool.after_cursor");
  return {};
}

Status RocksSpool::note_incomplete(StoreId store, UtcMicros since) {
  return change_losses([store, since](SpoolPositions& positions, rocksdb::WriteBatch& /*batch*/) {
    note_incomplete_since(positions, store, since);
    return Status();
  });
}

template <typename Change>
Status RocksSpool::change_losses(const Change& change) {
  const std::shared_lock lock(database_mutex_);
  if (!database_) {
    return closed_error();
  }
  return positions_.update([&](SpoolPositions& positions) -> Status {
    rocksdb::WriteBatch batch;
    if (Status changed = change(positions, batch); !changed || !writable_) {
      return changed ? closed_error() : changed;  // Written when the database is open again.
    }
    put_losses(batch, database_->meta(), positions);
    Status written = database_->write(batch, Durability::kSynced);
    if (!written) {
      write_failed(written.error());
    }
    return written;
  });
}

Status RocksSpool::acknowledge(const LeafRange& lost, const std::string& reason, UtcMicros now) {
  return change_losses([&](SpoolPositions& positions, rocksdb::WriteBatch& batch) -> Status {
    const auto found = std::ranges::find(positions.losses, lost, &Loss::leaves);
    if (found == positions.losses.end()) {
      return no_such_loss(lost);
    }
    put_acknowledged(batch, database_->meta(), *found, {now, reason});
    positions.losses.erase(found);
    return {};
  });
}

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

Status RocksSpool::sync() {
  const std::shared_lock lock(database_mutex_);
  if (!writable_ || !database_) {
    return closed_error();
  }
  Status synced = database_->sync();
  TWINLOG_KILL_POINT("spool.after_sync");
  if (!synced) {
    write_failed(synced.error());
  }
  return synced;
}

void RocksSpool::close() {
  writable_ = false;
  const std::unique_lock lock(database_mutex_);
  database_.reset();
}

SpoolStats RocksSpool::stats() const {
  SpoolStats stats;
  const SpoolPositions positions = positions_.now();
  stats.first_kept_leaf = positions.first_kept;
  stats.cursors = positions.cursors;
  stats.incomplete_since = positions.incomplete_since;
  stats.last_leaf = last_leaf_;
  space_.tell(stats);
  setup_->tell(stats);
  stats.sync_errors = sync_errors_;
  stats.commits = commits_;
  stats.writable = writable_;
  stats.losses = positions.losses;
  trouble_.tell(stats);
  return stats;
}

Backlog RocksSpool::backlog(StoreId store) const {
  const LeafRange range{cursor(store) + 1, last_leaf_};
  const std::shared_lock lock(database_mutex_, std::try_to_lock);
  return measure_backlog(lock.owns_lock() ? database_.get() : nullptr, range);
}

std::string RocksSpool::missing() const {
  const std::shared_lock lock(database_mutex_, std::try_to_lock);
  return lock.owns_lock() && database_ ? database_->missing() : "";
}

/// After a failed write or sync nothing is known of what reached the disk, and the same sync is not tried again: the
/// database is closed and opened, which replays its logs into new, synced files. Where the volume has no room for
/// those, it stays open to be read.
Status RocksSpool::recover() {
  const std::unique_lock lock(database_mutex_);
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
  return go_on(opened->state);
}

/// With what memory knows and the disk may not: where the stores are, and what they have lost.
Status RocksSpool::go_on(const SpoolState& found) {
  return positions_.update([&](SpoolPositions& positions) -> Status {
    take_losses(positions, found.positions);
    // The failed batch may be there after all. Its leaves then stand: they are delivered, and their senders, who were
    // told to come again, are told that they are duplicates.
    rocksdb::WriteBatch batch;
    put_positions(batch, database_->meta(), positions);
    Status written = database_->write(batch, Durability::kSynced);
    if (!written) {
      ++sync_errors_;
      return written;
    }
    last_leaf_ = std::max(last_leaf_.load(), found.last_leaf);
    setup_->durable_first_kept() = positions.first_kept;
    writable_ = true;
    trouble_.clear();
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<Spool>> open_rocks_spool(const RocksSpoolSettings& wanted, Random& random, const Clock& clock) {
  RocksSpoolSettings settings = wanted;
  settings.max_bytes = std::min(settings.max_bytes, volume_capacity(settings.path).value_or(settings.max_bytes));
  if (const Status usable = check_settings(settings); !usable) {
    return usable.error();
  }
  auto setup = std::make_unique<DatabaseSetup>(settings);
  Result<OpenedSpool> opened = open_at_start(*setup, random, clock);
  if (!opened) {
    return opened.error();
  }
  const bool is_read_only = opened->is_read_only;
  auto spool = std::make_unique<RocksSpool>(settings, std::move(setup), std::move(*opened), random, clock);
  if (is_read_only) {
    spool->start_read_only();
  } else {
    spool->take_ballast(clock.steady_now());
  }
  if (const Status measured = spool->measure(clock.steady_now()); !measured) {
    return measured.error();
  }
  return std::unique_ptr<Spool>(std::move(spool));
}

}  // namespace twinlog
