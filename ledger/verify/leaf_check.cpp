#include "ledger/verify/leaf_check.h"

#include <algorithm>
#include <limits>

#include "ledger/verify/truth_finder.h"

namespace twinlog {
namespace {

std::size_t slot(StoreSide store) {
  return static_cast<std::size_t>(store);
}

constexpr UtcMicros kMostTime = std::numeric_limits<UtcMicros>::max();

std::string size_words(std::uint64_t size) {
  return "the tree of " + std::to_string(size) + (size == 1 ? " leaf" : " leaves");
}

}  // namespace

bool is_alive(const EpochFacts& facts, UtcMicros now) {
  return facts.due >= now && facts.due <= now + kMostDueAhead;
}

bool is_pending_fine(const EpochFacts& facts, UtcMicros now) {
  return is_alive(facts, now);
}

void LeafCheck::take(const LeafGroup& group) {
  EpochFacts& facts = parts_.book.at(group.spot.epoch);
  if (!has_epoch_ || &facts != facts_) {
    finish();
    begin_epoch(group.spot.epoch);
  }
  if (facts_->is_skipped) {
    for (const Declaration& one : group.declarations) {
      if (one.kind == Declaration::Kind::kPruned && one.is_proven) {
        pruned_before_ = std::max(pruned_before_.value_or(one.accept_at), one.accept_at);
      }
    }
    settle_pruned(kMostTime);
    return;
  }
  absent_everywhere(group.spot.index);
  check_roots(group);
  std::erase_if(declarations_, [&](const Declaration& one) { return one.last < group.spot.index; });
  declarations_.insert(declarations_.end(), group.declarations.begin(), group.declarations.end());
  if (!group.tiles.empty() || !group.rows.empty()) {
    check_leaf(group);
    expected_ = group.spot.index + 1;
  }
}

void LeafCheck::finish() {
  if (has_epoch_) {
    end_epoch();
  }
}

void LeafCheck::begin_epoch(std::uint32_t number) {
  has_epoch_ = true;
  ++walked_epochs;
  number_ = number;
  facts_ = &parts_.book.at(number);
  runs_ = FindingRuns(parts_.log, facts_->name());
  rules_ = LeafRules(facts_->id, facts_->origin);
  tree_ = {};
  expected_ = 0;
  last_leaf_at_.reset();
  declarations_.clear();
  tail_ = 0;
  bare_.clear();
  pruned_before_.reset();
}

void LeafCheck::end_epoch() {
  has_epoch_ = false;
  if (facts_->is_skipped) {
    return;
  }
  std::uint64_t end = std::max(facts_->signed_size, facts_->witnessed);
  for (const StoreSide store : parts_.stores) {
    end = std::max(end, facts_->confirmed.at(slot(store)));
  }
  absent_everywhere(std::min(end, kMostTreeLeaves));
  settle_pruned(kMostTime);
  settle_bare_at_end();
  tell_epoch_state();
  runs_.finish();
}

void LeafCheck::tell_epoch_state() {
  if (facts_->has_failed && !facts_->has_hole) {
    runs_.tell(Verdict::kRootMismatch, place(facts_->proven_end, std::nullopt, nullptr),
               "no hashes at hand give the root of " + size_words(facts_->failed_size) + ": something of leaves " +
                   std::to_string(facts_->proven_end) + " to " + std::to_string(facts_->failed_size - 1) +
                   " was changed; nothing from there on is proven");
  }
  if (!facts_->is_judged || facts_->pruned) {
    return;
  }
  if (facts_->is_followed_without_tree && !facts_->is_closed) {
    runs_.tell(Verdict::kDeclaredGap, place(facts_->proven_end, std::nullopt, nullptr),
               "the epoch's end was lost with its spool's hashes; what came behind " + size_words(facts_->proven_end) +
                   " is not proven");
    return;
  }
  if (is_pending_fine(*facts_, parts_.now)) {
    pending += tail_;
    return;
  }
  if (tail_ > 0 && !facts_->has_failed) {
    runs_.tell(Verdict::kPending, place(facts_->proven_end, std::nullopt, nullptr),
               std::to_string(tail_) + " leaves from here on lie under no checkpoint");
  }
  if (!facts_->has_ended() && !facts_->retired_size && !facts_->has_failed) {
    runs_.tell(Verdict::kStale, place(facts_->proven_end, std::nullopt, nullptr),
               "no sign of life since its due time " + utc_text(facts_->due) +
                   ": bring its spool back, or end it by `twinlog epoch retire`");
  }
}

LeafCheck::Place LeafCheck::place(std::uint64_t index, std::optional<StoreSide> store, const RowClaim* row) const {
  Place place;
  place.store = store;
  place.index = index;
  if (row != nullptr && !row->tenant_id.empty()) {
    place.tenant_id = &row->tenant_id;
    place.log_id = &row->log_id;
  }
  place.from = rules_.newest_accept_at();
  place.until = row != nullptr ? std::optional(row->accept_at) : std::nullopt;
  return place;
}

void LeafCheck::check_roots(const LeafGroup& group) {
  const std::uint64_t size = group.spot.index;
  for (const RootClaim& claim : group.roots) {
    check_root(claim, size, group.roots);
    const bool is_held = claim.source == RootClaim::Source::kCheckpoint && claim.store;
    if (is_held && expected_ == size && last_leaf_at_ && claim.accepted_at != *last_leaf_at_) {
      runs_.tell(Verdict::kModified, place(size, claim.store, nullptr),
                 "accepted_at of the checkpoint over " + size_words(size));
    }
  }
}

void LeafCheck::check_root(const RootClaim& claim, std::uint64_t size, const std::vector<RootClaim>& all) {
  bool is_forked = false;
  if (size <= facts_->proven_end) {
    is_forked = tree_.size() == size && tree_.root() != claim.root;
  } else {
    is_forked = claim.is_signed() && std::any_of(all.begin(), all.end(), [&claim](const RootClaim& other) {
                  return other.is_signed() && other.root != claim.root;
                });
  }
  if (!is_forked) {
    return;
  }
  const std::string who = claim.is_signed() ? "another root is signed"
                                            : "epoch " + parts_.book.at(claim.told_by).name() + " knows another root";
  runs_.tell(Verdict::kFork, place(size, claim.store, nullptr), who + " for " + size_words(size));
}

void LeafCheck::check_leaf(const LeafGroup& group) {
  if (const std::optional<Digest> truth = true_hash(*facts_, group)) {
    ++proven;
    tree_.append(*truth);
    check_proven(group, *truth);
  } else {
    check_unproven(group);
  }
  if (group.surplus_rows > 0) {
    runs_.tell(Verdict::kForeign, place(group.spot.index, std::nullopt, nullptr),
               std::to_string(group.surplus_rows) + " more rows at this place");
  }
  for (const StoreSide store : parts_.stores) {
    if (group.surplus_tiles.at(slot(store)) > 0) {
      runs_.tell(Verdict::kModified, place(group.spot.index, store, nullptr),
                 std::to_string(group.surplus_tiles.at(slot(store))) + " more tiles that differ at this place");
    }
  }
}

void LeafCheck::check_proven(const LeafGroup& group, const Digest& truth) {
  const std::uint64_t index = group.spot.index;
  const RowClaim* known = nullptr;
  std::array<bool, kStoreSides> is_there{};
  for (const StoreSide store : parts_.stores) {
    const RowClaim* good = check_rows(group, store, truth);
    known = known == nullptr ? good : known;
    is_there.at(slot(store)) =
        std::any_of(group.rows.begin(), group.rows.end(), [store](const RowClaim& row) { return row.store == store; });
  }
  for (const StoreSide store : parts_.stores) {
    if (!is_there.at(slot(store))) {
      absent(index, store, known);
    }
  }
  check_proven_tiles(group, truth, known);
  last_leaf_at_ = known != nullptr ? std::optional(known->accept_at) : std::nullopt;
  if (known != nullptr) {
    settle_pruned(known->accept_at);
  }
  if (const auto broken = rules_.take(index, known)) {
    runs_.tell(broken->verdict, place(index, std::nullopt, known), broken->words);
  }
  if (known != nullptr && !bare_.empty()) {
    settle_bare(known->accept_at);
  }
}

void LeafCheck::check_proven_tiles(const LeafGroup& group, const Digest& truth, const RowClaim* row) {
  const std::uint64_t index = group.spot.index;
  std::array<bool, kStoreSides> is_there{};
  for (const TileClaim& tile : group.tiles) {
    is_there.at(slot(tile.store)) = true;
    if (tile.hash != truth) {
      runs_.add(Verdict::kModified, place(index, tile.store, nullptr), "hash in a tile");
    }
    const bool is_off = row != nullptr && ((tile.first_at && *tile.first_at != row->accept_at) ||
                                           (tile.last_at && *tile.last_at != row->accept_at));
    if (is_off) {
      runs_.tell(Verdict::kModified, place(index, tile.store, nullptr), "time of a tile");
    }
  }
  for (const StoreSide store : parts_.stores) {
    const bool is_due = index < facts_->confirmed.at(slot(store)) && !facts_->pruned;
    if (is_due && !is_there.at(slot(store))) {
      runs_.add(Verdict::kMissing, place(index, store, nullptr), "no tile has this leaf's hash");
    }
  }
}

void LeafCheck::check_unproven(const LeafGroup& group) {
  const std::uint64_t index = group.spot.index;
  last_leaf_at_.reset();
  rules_.take(index, nullptr);
  if (is_beyond(index)) {
    tell_foreign(group, "a leaf beyond the end of its epoch");
    return;
  }
  if (facts_->pruned && group.tiles.empty()) {
    tell_foreign(group, "a leaf of an epoch of which everything was pruned");
    return;
  }
  ++tail_;
  for (const StoreSide store : parts_.stores) {
    check_unproven_store(group, store);
  }
  const SourceHashes sources = source_hashes(group);
  const auto& first = sources[0] ? sources[0] : sources[2];
  const auto& second = sources[1] ? sources[1] : sources[3];
  if (first && second && *first != *second) {
    runs_.add(Verdict::kStoreDivergence, place(index, std::nullopt, nullptr),
              "the stores differ, and no root decides which of them is right");
  }
}

void LeafCheck::check_unproven_store(const LeafGroup& group, StoreSide store) {
  const std::uint64_t index = group.spot.index;
  const std::optional<Digest> tile = source_hashes(group).at(slot(store));
  check_rows(group, store, tile);
  const RowClaim* row = nullptr;
  const RowClaim* other = nullptr;
  for (const RowClaim& one : group.rows) {
    (one.store == store ? row : other) = &one;
  }
  const bool is_confirmed = index < facts_->confirmed.at(slot(store));
  if (row == nullptr && (tile || is_confirmed)) {
    // What a tile names came with it, or before it.
    const Declaration* said = declared(index, store);
    if (said == nullptr && !facts_->pruned) {
      runs_.add(Verdict::kMissing, place(index, store, other), "its row is not there");
    } else if (said != nullptr) {
      absent(index, store, other);
    }
  }
  if (row == nullptr || tile) {
    return;
  }
  if (is_confirmed) {
    runs_.add(Verdict::kMissing, place(index, store, nullptr), "no tile has this leaf's hash");
  } else if (store == StoreSide::kPostgres && facts_->is_judged && !facts_->is_followed_without_tree) {
    runs_.add(Verdict::kForeign, place(index, store, row),
              std::string(row_kind_text(row->kind)) + " without a tile: no agent writes it so");
  }
}

void LeafCheck::tell_foreign(const LeafGroup& group, const std::string& words) {
  for (const RowClaim& row : group.rows) {
    runs_.add(Verdict::kForeign, place(group.spot.index, row.store, &row), words);
  }
  for (const TileClaim& tile : group.tiles) {
    runs_.add(Verdict::kForeign, place(group.spot.index, tile.store, nullptr), words + " in a tile");
  }
}

bool LeafCheck::is_beyond(std::uint64_t index) const {
  const bool is_over = facts_->end && index >= *facts_->end && *facts_->end <= facts_->proven_end;
  return is_over || (facts_->revoked_after && index >= *facts_->revoked_after);
}

bool LeafCheck::is_demanded(std::uint64_t index) const {
  if (index < std::max(facts_->signed_size, facts_->witnessed)) {
    return true;
  }
  const std::uint64_t tiles = std::max(facts_->tile_end[0], facts_->tile_end[1]);
  return index < tiles && !facts_->is_followed_without_tree;
}

const Declaration* LeafCheck::declared(std::uint64_t index, StoreSide store) const {
  const Declaration* found = nullptr;
  for (const Declaration& one : declarations_) {
    const bool is_of_it =
        one.kind != Declaration::Kind::kErased && one.last >= index && (!one.store || one.store == store);
    const bool is_too_late = index < facts_->tallied.at(slot(store));
    if (!one.is_proven && (is_too_late || !is_alive(*facts_, parts_.now))) {
      continue;  // No root came over it in time; or a proven leaf counted the leaf among those that arrived before.
    }
    // What needs no explaining comes first.
    if (is_of_it && (found == nullptr || one.kind == Declaration::Kind::kPruned)) {
      found = &one;
    }
  }
  return found;
}

void LeafCheck::absent(std::uint64_t index, StoreSide store, const RowClaim* known) {
  const Declaration* said = declared(index, store);
  const bool is_pruned = said != nullptr && said->kind == Declaration::Kind::kPruned && said->is_proven;
  if (is_pruned) {
    note_pruned(*said, known);
  }
  if (facts_->pruned || is_pruned) {
    return;
  }
  const Place where = place(index, store, known);
  const bool is_on_its_way = said != nullptr
                                 ? !said->is_proven
                                 : index >= facts_->confirmed.at(slot(store)) && is_pending_fine(*facts_, parts_.now);
  if (is_on_its_way) {
    ++pending;
  } else if (said != nullptr && said->kind == Declaration::Kind::kRefused) {
    runs_.add(Verdict::kDeadLetter, where, "the store refused it");
  } else if (said != nullptr) {
    runs_.add(Verdict::kDeclaredGap, where, "lost with a damaged spool");
  } else if (index < facts_->confirmed.at(slot(store))) {
    runs_.add(Verdict::kMissing, where, "its row is not there");
  } else {
    runs_.add(Verdict::kPending, where, "not delivered to this store, and overdue");
  }
}

/// Times never go back within an epoch: what is gone is not later than the next leaf that is there.
void LeafCheck::note_pruned(const Declaration& said, const RowClaim* known) {
  pruned_before_ = std::max(pruned_before_.value_or(said.accept_at), said.accept_at);
  if (known != nullptr) {
    settle_pruned(known->accept_at);
  }
}

void LeafCheck::settle_pruned(UtcMicros latest) {
  if (pruned_before_) {
    latest = std::min(latest, *pruned_before_);
    pruned_until = std::max(pruned_until.value_or(latest), latest);
    pruned_before_.reset();
  }
}

void LeafCheck::absent_everywhere(std::uint64_t end) {
  for (std::uint64_t index = expected_; index < end; ++index) {
    last_leaf_at_.reset();
    rules_.take(index, nullptr);
    if (facts_->pruned) {
      continue;
    }
    bool is_told = false;
    for (const StoreSide store : parts_.stores) {
      if (index < facts_->confirmed.at(slot(store)) || declared(index, store) != nullptr) {
        absent(index, store, nullptr);
        is_told = true;
      }
    }
    if (!is_told && is_demanded(index)) {
      runs_.add(Verdict::kMissing, place(index, std::nullopt, nullptr),
                "no store has it, and a root or a tile above it says it was there");
    }
  }
  expected_ = std::max(expected_, end);
}

}  // namespace twinlog
