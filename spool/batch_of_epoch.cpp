#include "spool/batch_of_epoch.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"
#include "spool/leaf_hashes.h"

namespace twinlog {
namespace {

Digest hash_of(const SpoolItem& item) {
  return leaf_hash(item.version ? event_leaf(*item.version) : item.own_leaf);
}

/// The acceptances of a tile are those of the items in it; a lost one lies between others.
class Tiles {
 public:
  explicit Tiles(std::uint64_t base) : base_(base) {}

  void add(std::uint64_t number, const Digest& hash) {
    if (tiles_.empty() || base_ + tiles_.back().first_index + tiles_.back().hashes.size() != number) {
      tiles_.push_back({.first_index = number - base_});
    }
    tiles_.back().hashes.push_back(hash);
  }
  void accepted(UtcMicros at) {
    LedgerTile& tile = tiles_.back();
    tile.first_accept_at = tile.first_accept_at == 0 ? at : tile.first_accept_at;
    tile.last_accept_at = at;
  }
  std::vector<LedgerTile> take() { return std::move(tiles_); }

 private:
  std::uint64_t base_;
  std::vector<LedgerTile> tiles_;
};

/// The hashes of the range in their order: as stored, or where that cannot be read, made of the item again; else there
/// is a hole.
std::vector<LedgerTile> tiles_of(const Database& database, std::uint64_t base, const LeafRange& range,
                                 const std::vector<SpoolItem>& items) {
  Tiles tiles(base);
  auto item = items.begin();
  const auto add_items_before = [&](std::uint64_t number) {
    for (; item != items.end() && item->number < number; ++item) {
      tiles.add(item->number, hash_of(*item));
      tiles.accepted(item->received_at);
    }
  };
  LeafHashes stored(database, range);
  while (const std::optional<NumberedHash> each = stored.next()) {
    add_items_before(each->number);
    tiles.add(each->number, each->hash);
    if (item != items.end() && item->number == each->number) {
      tiles.accepted(item->received_at);
      ++item;
    }
  }
  add_items_before(UINT64_MAX);
  return tiles.take();
}

bool is_close(const std::string& own_leaf) {
  const Result<Leaf> leaf = parse_leaf(own_leaf);
  return leaf && type_of(leaf->content) == LeafType::kClose;
}

std::vector<LedgerCheckpoint> checkpoints_of(const EpochBook& book, const Uuid& epoch_id, const LeafRange& range) {
  std::vector<LedgerCheckpoint> checkpoints;
  for (const SavedNote& note : book.notes_in(range)) {
    if (note.epoch_id == epoch_id) {
      checkpoints.push_back({.size = note.size, .root = note.root, .note = note.note, .accepted_at = note.accepted_at});
    }
  }
  return checkpoints;
}

/// One that is not would be written under a wrong name.
bool is_of(const SpoolEpoch& epoch, const SpoolItem& item) {
  if (item.version) {
    return item.version->epoch_id == epoch.id && item.number == epoch.base + item.version->leaf_index;
  }
  const Result<Leaf> leaf = parse_leaf(item.own_leaf);
  return leaf && leaf->header.epoch_id == epoch.id && item.number == epoch.base + leaf->header.index;
}

std::vector<Uuid> epochs_before(const EpochBook& book, const SpoolEpoch& epoch) {
  std::vector<Uuid> before;
  for (const SpoolEpoch& each : book.epochs(epoch.last_number)) {
    if (each.base < epoch.base && each.last_number >= each.base) {
      before.push_back(each.id);
    }
  }
  return before;
}

}  // namespace

Result<SpoolBatch> batch_of_epoch(const Database& database, const EpochBook& book, const SpoolEpoch& epoch,
                                  const LeafRange& hashes, std::vector<SpoolItem> items) {
  for (const SpoolItem& item : items) {
    if (!is_of(epoch, item)) {
      return Error(ErrorKind::kTransient, "event " + std::to_string(item.number) + " in the spool in " +
                                              database.path() +
                                              " is of another epoch than its number says; keep a copy of the folder, "
                                              "then check the disk");
    }
  }
  SpoolBatch batch{.epoch = epoch, .last_number = items.back().number, .items = items.size()};
  const LeafRange range{std::max(hashes.first, epoch.base), hashes.last};
  if (epoch.has_ledger) {
    batch.ledger.tiles = tiles_of(database, epoch.base, range, items);
    batch.ledger.checkpoints = checkpoints_of(book, epoch.id, range);
  }
  batch.versions.reserve(items.size());
  for (SpoolItem& item : items) {
    if (item.version) {
      batch.versions.push_back(std::move(*item.version));
    } else {
      batch.ledger.own_leaves.push_back({.index = item.number - epoch.base, .leaf = std::move(item.own_leaf)});
    }
  }
  const auto& own = batch.ledger.own_leaves;
  if (!own.empty() && own.front().index == 0) {
    const std::optional<StoredEpoch> stored = book.beginning(epoch.base);
    batch.ledger.beginning = EpochBeginning{
        .origin = stored ? stored->origin : "", .open = own.front().leaf, .note = stored ? stored->note : ""};
    batch.closed = epochs_before(book, epoch);
    batch.ledger.own_leaves.erase(batch.ledger.own_leaves.begin());  // It lies in ledger_epochs.
  }
  if (!own.empty() && is_close(own.back().leaf)) {
    batch.closed.push_back(epoch.id);
  }
  return batch;
}

}  // namespace twinlog
