#include "spool/rocks_spool.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "ledger/base/kill_point.h"
#include "spool/holes.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/loss.h"
#include "spool/measure_backlog.h"
#include "spool/rescue.h"
#include "spool/rocks_spool_class.h"

namespace twinlog {

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
      letters_(std::move(opened.state.dead_letters), settings_.dead_letters_max),
      book_(std::move(opened.state.epochs)),
      keys_(random),
      last_leaf_(opened.state.last_leaf),
      last_promised_{opened.state.last_leaf, opened.state.last_received_at} {
  setup_->durable_first_kept() = opened.state.positions.first_kept;
  needs_epoch_ = book_.has_ledger();
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
                                                                 const CommitMoment& moment) {
  if (!writable_) {
    Status recovered = std::exchange(may_recover_in_commit_, false) ? recover() : Status(closed_error());
    if (!recovered) {
      return recovered.error();
    }
  }
  if (needs_epoch_ && !tree_) {
    return no_epoch(settings_.path);
  }
  const std::shared_lock lock(database_mutex_);
  const SpoolPositions positions = positions_.now();
  Pending pending{.received_at = std::max(moment.received_at, last_promised_.received_at)};
  if (tree_) {
    pending.draft.emplace(*tree_, pending.received_at);
    pending.received_at = pending.draft->accept_at();
  }
  CommitPlan plan({.agent = settings_.agent,
                   .epoch_id = identity_.epoch_id,
                   .received_at = pending.received_at,
                   .tree = pending.draft ? &*pending.draft : nullptr,
                   .keys = &keys_,
                   .last_leaf = last_leaf_,
                   .skipped_to = positions.skipped_to,
                   .first_kept = positions.first_kept,
                   .holes = known_holes(positions)},
                  space_.room(), *database_, letters_);
  pending.committed = plan.decide(requests, moment.rider);
  std::vector<std::vector<Disposition>> answers = std::move(pending.committed.answers);
  if (plan.batch().Count() == 0) {
    return answers;  // Duplicates lean on versions that earlier commits have synced.
  }
  TWINLOG_KILL_POINT("spool.before_commit");
  if (Status written = write_commit(plan.batch(), std::move(pending)); !written) {
    return written.error();
  }
  return answers;
}

Status RocksSpool::write_commit(rocksdb::WriteBatch& batch, Pending pending) {
  const std::uint64_t bytes = batch.GetDataSize();
  Status written = database_->write(batch, Durability::kSynced);
  if (!written) {
    write_failed(written.error());
    pending_ = std::move(pending);  // It may be there after all: recover() finds out.
    return written;
  }
  TWINLOG_KILL_POINT("spool.after_commit");
  install(std::move(pending));
  space_.wrote(bytes);
  ++commits_;
  return {};
}

void RocksSpool::install(Pending pending) {
  const Committed& committed = pending.committed;
  if (pending.draft) {
    std::move(*pending.draft).install(*tree_);
    const std::scoped_lock lock(shown_tree_mutex_);
    shown_tree_ = tree_->state();
  }
  if (committed.own) {  // Before the number is given out: who reads it knows what it is.
    book_.add_own(committed.own->number, committed.own->waits_for_note);
  }
  last_leaf_ = committed.last_leaf;
  last_promised_ = {committed.last_leaf, pending.received_at};
  if (committed.skipped) {
    static_cast<void>(positions_.update([&committed](SpoolPositions& positions) {
      positions.skipped.push_back(*committed.skipped);
      return Status();
    }));
  }
}

Result<std::vector<Version>> RocksSpool::read(std::uint64_t after, std::size_t most_events,
                                              std::size_t most_bytes) const {
  const std::shared_lock lock(database_mutex_);
  if (!database_) {
    return closed_error();
  }
  const SpoolPositions positions = positions_.now();
  const std::uint64_t first = beyond_holes(known_holes(positions), first_after(after, positions.first_kept));
  // A commit shows its events to readers a moment before it counts them; a cursor could not follow beyond the count.
  return read_versions(*database_, {first, last_leaf_, most_events, most_bytes});
}

std::uint64_t RocksSpool::cursor(StoreId store) const {
  return positions_.now().cursors[static_cast<std::size_t>(store)];
}

Status RocksSpool::move_cursor(StoreId store, std::uint64_t leaf) {
  const std::shared_lock lock(database_mutex_);
  const auto [target, is_rewind, delivered_before] = positions_.move(store, leaf, last_leaf_);
  if (!writable_ || !database_) {
    // Written when the database is open again; until then a crash repeats what memory knew, or goes on too far.
    return is_rewind ? Status(closed_error()) : Status();
  }
  rocksdb::WriteBatch batch;
  TWINLOG_KILL_POINT("spool.before_cursor");
  batch.Put(database_->meta(), cursor_key(store), number_value(target));
  if (is_rewind) {
    batch.Put(database_->meta(), delivered_before_key(store), number_value(delivered_before));
  }
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

Status RocksSpool::acknowledge(const LeafRange& lost, const Decision& by) {
  return change_losses([&](SpoolPositions& positions, rocksdb::WriteBatch& batch) -> Status {
    const auto found = std::ranges::find(positions.losses, lost, &Loss::leaves);
    if (found == positions.losses.end()) {
      return no_such_loss(lost);
    }
    positions.acknowledged.push_back({*found, by});
    put_acknowledged(batch, database_->meta(), positions.acknowledged.back());
    positions.losses.erase(found);
    return {};
  });
}

Status RocksSpool::keep_dead_letters(StoreId store, std::uint64_t leaf, std::span<const DeadLetter> letters) {
  const std::shared_lock lock(database_mutex_);
  if (!writable_ || !database_) {
    return closed_error();
  }
  const std::uint64_t target = std::min<std::uint64_t>(leaf, last_leaf_);
  Status kept = letters_.keep(*database_, store, target, letters);
  if (kept.ok()) {
    positions_.move(store, target, last_leaf_);
  } else if (kept.error().kind() != ErrorKind::kRefused) {
    write_failed(kept.error());
  }
  return kept;
}

Result<std::vector<DeadLetter>> RocksSpool::dead_letters(StoreId store, std::uint64_t after, std::size_t most) const {
  const std::shared_lock lock(database_mutex_);
  return database_ ? letters_.list(*database_, store, after, most) : closed_error();
}

Status RocksSpool::settle_dead_letters(StoreId store, std::span<const std::uint64_t> leaves,
                                       const Settlement& settlement) {
  const std::shared_lock lock(database_mutex_);
  if (!writable_ || !database_) {
    return closed_error();
  }
  return letters_.settle(*database_, store, leaves, settlement);
}

void RocksSpool::note_loss(SpoolPositions& positions, const LeafRange& leaves) {
  const UtcMicros now = clock_.utc_now();
  const Loss loss = loss_of(*database_, identity_, leaves, {now, now});
  add_loss(positions, loss);
  warnings_.add({loss_words(loss)});
}

Status RocksSpool::give_up_unreadable(std::uint64_t after) {
  if (!writable_) {
    return closed_error();
  }
  return change_losses([&](SpoolPositions& positions, rocksdb::WriteBatch& /*batch*/) -> Status {
    const std::uint64_t first = beyond_holes(known_holes(positions), first_after(after, positions.first_kept));
    const auto unreadable = unreadable_from(*database_, {first, last_leaf_});
    if (!unreadable) {
      return unreadable.error();
    }
    if (unreadable->has_value()) {
      note_loss(positions, **unreadable);
    }
    return {};
  });
}

Status RocksSpool::note_missing(const LeafRange& range) {
  const auto is_missing = [&](const SpoolPositions& positions) {
    return !outside_holes(known_holes(positions), {std::max(range.first, positions.first_kept), range.last}).empty();
  };
  if (!is_missing(positions_.now())) {
    return {};
  }
  if (!writable_) {
    return closed_error();
  }
  return change_losses([&](SpoolPositions& positions, rocksdb::WriteBatch& /*batch*/) -> Status {
    const Result<std::vector<LeafRange>> found =
        holes(*database_, {std::max(range.first, positions.first_kept), range.last});
    if (!found) {
      return found.error();
    }
    for (const LeafRange& hole : *found) {
      for (const LeafRange& leaves : outside_holes(known_holes(positions), hole)) {
        note_loss(positions, leaves);
      }
    }
    return {};
  });
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
  is_closed_ = true;
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
  stats.own_leaves = book_.own_in({stats.first_kept_leaf, stats.last_leaf});
  space_.tell(stats);
  setup_->tell(stats);
  stats.sync_errors = sync_errors_;
  stats.commits = commits_;
  stats.writable = writable_;
  stats.losses = positions.losses;
  stats.acknowledged = positions.acknowledged;
  letters_.tell(stats);
  trouble_.tell(stats);
  return stats;
}

Backlog RocksSpool::backlog(StoreId store) const {
  const LeafRange range{book_.next_other(cursor(store) + 1), last_leaf_};
  const std::shared_lock lock(database_mutex_, std::try_to_lock);
  return measure_backlog(lock.owns_lock() ? database_.get() : nullptr, range, events_in(range));
}

std::string RocksSpool::missing() const {
  const std::shared_lock lock(database_mutex_, std::try_to_lock);
  return lock.owns_lock() && database_ ? database_->missing() : "";
}

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
