#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"
#include "spool/batch_of_epoch.h"
#include "spool/holes.h"
#include "spool/items.h"
#include "spool/layout.h"
#include "spool/leaf_hashes.h"
#include "spool/ledger_layout.h"
#include "spool/own_leaves.h"
#include "spool/rocks_spool_class.h"

namespace twinlog {
namespace {

/// The frontier of an epoch from what was saved of it and the hashes behind that; nothing where they are not whole.
std::optional<Frontier> frontier_of(const Database& database, const SpoolEpoch& epoch,
                                    const std::optional<SavedTree>& saved) {
  Frontier frontier = saved && saved->epoch_id == epoch.id ? saved->frontier : Frontier();
  std::uint64_t next = epoch.base + frontier.size();
  LeafHashes hashes(database, {next, epoch.last_number});
  for (auto each = hashes.next(); each; each = hashes.next(), ++next) {
    if (each->number != next) {
      return std::nullopt;
    }
    frontier.append(each->hash);
  }
  return next == epoch.last_number + 1 ? std::optional(frontier) : std::nullopt;
}

}  // namespace

std::optional<SavedTree> RocksSpool::newest_tree() const {
  if (tree_) {
    return SavedTree{.epoch_id = tree_->id(), .frontier = tree_->frontier()};
  }
  const SpoolEpoch newest = book_.epochs(last_leaf_).back();
  const auto value = database_->get_meta(kTreeKey);
  const auto saved = value && value->has_value() ? tree_from(**value) : std::nullopt;
  const std::optional<Frontier> frontier =
      newest.has_ledger ? frontier_of(*database_, newest, saved) : std::optional<Frontier>();
  return frontier ? std::optional(SavedTree{.epoch_id = newest.id, .frontier = *frontier}) : std::nullopt;
}

std::optional<EndedEpoch> RocksSpool::ended_epoch() const {
  const std::shared_lock lock(database_mutex_);
  const SpoolEpoch newest = book_.epochs(last_leaf_).back();
  if (!newest.has_ledger || !database_) {
    return std::nullopt;
  }
  EndedEpoch ended{.id = newest.id, .size = std::nullopt};
  if (const std::optional<SavedTree> tree = newest_tree()) {
    ended.size = tree->frontier.size();
    ended.root = tree->frontier.root();
  }
  return ended;
}

Result<TreeState> RocksSpool::begin_epoch(const NewEpoch& epoch, UtcMicros now) {
  needs_epoch_ = true;
  tree_.reset();  // Whatever comes of it, nothing goes on in the one before.
  if (!writable_) {
    return closed_error();
  }
  const std::shared_lock lock(database_mutex_);
  const SpoolPositions positions = positions_.now();
  const std::uint64_t base = std::max<std::uint64_t>(last_leaf_, positions.skipped_to) + 1;
  EpochTree tree(epoch.id, base);
  Pending pending{.received_at = now};  // A clock that was set back by far is followed here, and nowhere else.
  pending.draft.emplace(tree, pending.received_at);
  rocksdb::WriteBatch batch;
  pending.committed.own = put_own_leaf(batch, *database_, *pending.draft, epoch.open);
  pending.committed.last_leaf = base;
  if (const LeafRange skipped{last_leaf_ + 1, base - 1}; skipped.first <= skipped.last) {
    batch.Put(database_->meta(), skipped_key(skipped), "");
    pending.committed.skipped = skipped;
  }
  const StoredEpoch stored{
      .id = epoch.id, .has_ledger = true, .origin = epoch.origin, .note = epoch.note(pending.draft->state().root)};
  batch.Put(database_->meta(), epoch_key(base), epoch_value(stored));
  TWINLOG_KILL_POINT("spool.before_epoch");
  if (Status written = database_->write(batch, Durability::kSynced); !written) {
    write_failed(written.error());
    return written.error();  // Should it be there after all, it is an epoch of which nothing is ever signed.
  }
  TWINLOG_KILL_POINT("spool.after_epoch");
  book_.add_epoch(base, stored);
  tree_ = std::move(tree);
  install(std::move(pending));
  space_.forget_rate();
  return tree_->state();
}

Result<TreeState> RocksSpool::append(const LeafMaker& leaf, UtcMicros now, std::span<const LeafRange> declares) {
  if (!writable_ || !tree_) {
    return writable_ ? no_epoch(settings_.path) : closed_error();
  }
  const std::shared_lock lock(database_mutex_);
  Pending pending{.received_at = std::max(now, last_promised_.received_at)};
  pending.draft.emplace(*tree_, pending.received_at);
  pending.received_at = pending.draft->accept_at();
  rocksdb::WriteBatch batch;
  pending.committed.own = put_own_leaf(batch, *database_, *pending.draft, leaf);
  pending.committed.last_leaf = pending.committed.own->number;
  const std::vector<Loss> declared = undeclared(declares);
  for (const Loss& loss : declared) {
    batch.Put(database_->meta(), declared_key(loss), "");
  }
  TWINLOG_KILL_POINT("spool.before_append");
  if (Status written = write_commit(batch, std::move(pending)); !written) {
    return written.error();
  }
  note_declared(declared);
  return tree_->state();
}

/// The losses of these ranges that no leaf declares yet.
std::vector<Loss> RocksSpool::undeclared(std::span<const LeafRange> declares) const {
  const SpoolPositions positions = positions_.now();
  std::vector<Loss> found;
  const auto take = [&](const Loss& loss) {
    if (!loss.is_declared && std::ranges::find(declares, loss.leaves) != declares.end()) {
      found.push_back(loss);
    }
  };
  std::ranges::for_each(positions.losses, take);
  std::ranges::for_each(positions.acknowledged, take);
  return found;
}

void RocksSpool::note_declared(std::span<const Loss> declared) {
  if (declared.empty()) {
    return;
  }
  static_cast<void>(positions_.update([&](SpoolPositions& positions) {
    const auto mark = [&](Loss& loss) {
      loss.is_declared |= std::ranges::any_of(
          declared, [&](const Loss& each) { return each.leaves == loss.leaves && each.stores == loss.stores; });
    };
    std::ranges::for_each(positions.losses, mark);
    std::ranges::for_each(positions.acknowledged, mark);
    return Status();
  }));
}

TreeState RocksSpool::tree() const {
  const std::scoped_lock lock(shown_tree_mutex_);
  return shown_tree_;
}

Status RocksSpool::keep_note(const SavedNote& note) {
  if (!writable_ || !tree_) {
    return writable_ ? no_epoch(settings_.path) : closed_error();
  }
  const std::shared_lock lock(database_mutex_);
  if (note.epoch_id != tree_->id() || note.size == 0 || note.size > tree_->frontier().size()) {
    return Error(ErrorKind::kRefused, "a checkpoint of another epoch is not kept");
  }
  const std::uint64_t number = tree_->base() + note.size - 1;
  rocksdb::WriteBatch batch;
  batch.Put(database_->meta(), note_key(number), note_value(note));
  batch.Put(database_->meta(), rocksdb::Slice(kTreeKey),
            tree_value({.epoch_id = tree_->id(), .frontier = tree_->frontier()}));
  TWINLOG_KILL_POINT("spool.before_note");
  if (Status written = database_->write(batch, Durability::kSynced); !written) {
    write_failed(written.error());
    return written;
  }
  TWINLOG_KILL_POINT("spool.after_note");
  book_.add_note(number, note);
  return {};
}

std::uint64_t RocksSpool::events_in(const LeafRange& numbers) const {
  const std::uint64_t all = numbers.last < numbers.first ? 0 : numbers.last - numbers.first + 1;
  return all - std::min(all, book_.own_in(numbers));
}

Result<SpoolBatch> RocksSpool::read_batch(std::uint64_t after, std::size_t most_events, std::size_t most_bytes) const {
  const std::shared_lock lock(database_mutex_);
  if (!database_) {
    return closed_error();
  }
  const SpoolPositions positions = positions_.now();
  const std::uint64_t last = last_leaf_;
  // A leaf whose checkpoint is being signed goes out with it. A spool that takes nothing signs nothing, either.
  const std::optional<std::uint64_t> waiting = writable_ ? book_.waiting_for_note() : std::nullopt;
  const std::uint64_t end = waiting ? std::min(last, *waiting - 1) : last;
  std::uint64_t first = beyond_holes(known_holes(positions), first_after(after, positions.first_kept));
  while (first <= end) {
    const SpoolEpoch epoch = book_.epoch_of(first, last);
    const auto most = static_cast<std::size_t>(book_.numbers_with(first, most_events));
    Result<std::vector<SpoolItem>> items =
        read_items(*database_, {first, std::min(end, epoch.last_number), most, most_bytes});
    if (!items) {
      return items.error();
    }
    if (!items->empty()) {
      // What follows and is lost has its hashes all the same, and no later batch of the epoch would bring them.
      const std::uint64_t there = items->back().number;
      const bool ends = !epoch.is_newest && beyond_holes(known_holes(positions), there + 1) > epoch.last_number;
      const LeafRange hashes{std::max(after, positions.first_kept - 1) + 1, ends ? epoch.last_number : there};
      return batch_of_epoch(*database_, book_, epoch, hashes, std::move(*items));
    }
    first = epoch.last_number + 1;  // Nothing is left of this one.
  }
  SpoolBatch none;
  none.waits_for_note = waiting.has_value();
  return none;
}

std::vector<SpoolEpoch> RocksSpool::epochs() const {
  std::vector<SpoolEpoch> all = book_.epochs(last_leaf_);
  const SpoolPositions positions = positions_.now();  // After the look at the book, which a trim changes last.
  const std::vector<LeafRange> gone = known_holes(positions);
  // The first stays in the book, as the spool's identity; where it ended is forgotten with the one behind it.
  if (const SpoolEpoch& first = all.front();
      first.base == 0 && !first.is_newest && first.last_number + 1 < positions.first_kept) {
    all.erase(all.begin());
  }
  for (SpoolEpoch& epoch : all) {
    const auto after = std::ranges::upper_bound(gone, epoch.last_number, {}, &LeafRange::first);
    if (after != gone.begin() && (after - 1)->last >= epoch.last_number) {
      epoch.last_number = (after - 1)->first - 1;
    }
  }
  return all;
}

}  // namespace twinlog
