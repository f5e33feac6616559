#include "ledger/verify/truth_finder.h"

#include <algorithm>

namespace twinlog {
namespace {

/// Hashes that may be computed for the mixtures of one interval; beyond it only whole sources are tried.
constexpr std::uint64_t kMostMixtureWork = 1U << 24U;

std::optional<Digest> sole_hash(const LeafGroup& group) {
  const std::vector<Digest> hashes = claimed_hashes(group);
  return hashes.empty() ? std::nullopt : std::optional(hashes.front());
}

std::optional<Digest> chosen_hash(const EpochFacts& facts, std::uint64_t index, const SourceHashes& sources,
                                  const std::optional<Digest>& sole) {
  const auto place = std::upper_bound(facts.exceptions.begin(), facts.exceptions.end(), index,
                                      [](std::uint64_t at, const TruthException& one) { return at < one.end; });
  if (place == facts.exceptions.end() || index < place->begin) {
    return sole;
  }
  if (place->choice != TruthException::Choice::kPicks) {
    // Silent only where all that speak agree: before the sources parted.
    const std::optional<Digest>& hash = sources.at(static_cast<std::size_t>(place->choice));
    return hash ? hash : sole;
  }
  const auto pick = std::lower_bound(place->picks.begin(), place->picks.end(), index,
                                     [](const auto& one, std::uint64_t at) { return one.first < at; });
  return pick != place->picks.end() && pick->first == index ? std::optional(pick->second) : sole;
}

bool is_root(const Frontier& frontier, const std::vector<RootClaim>& roots) {
  const Digest root = frontier.root();
  return std::any_of(roots.begin(), roots.end(), [&root](const RootClaim& claim) { return claim.root == root; });
}

}  // namespace

std::optional<Digest> true_hash(const EpochFacts& facts, const LeafGroup& group) {
  if (group.spot.index >= facts.proven_end) {
    return std::nullopt;
  }
  if (facts.exceptions.empty()) {
    if (!group.tiles.empty()) {
      return group.tiles.front().hash;
    }
    return sole_hash(group);
  }
  return chosen_hash(facts, group.spot.index, source_hashes(group), sole_hash(group));
}

Status TruthFinder::begin_epoch(std::uint32_t number) {
  has_epoch_ = true;
  epoch_ = number;
  facts_ = &book_.at(number);
  facts_->proven_end = 0;
  facts_->has_failed = false;
  facts_->has_hole = false;
  facts_->exceptions.clear();
  facts_->confirmed = facts_->checkpointed;
  facts_->tallied = {};
  facts_->first_tallied_at = {};
  facts_->seen_leaves = 0;
  next_index_ = 0;
  common_ = {};
  held_.clear();
  begin_interval();
  return {};
}

void TruthFinder::begin_interval() {
  interval_begin_ = next_index_;
  has_hole_ = false;
  has_parted_ = false;
  mixtures_.clear();
  mixture_work_ = 0;
}

Status TruthFinder::take(const LeafGroup& group) {
  if (!has_epoch_ || group.spot.epoch != epoch_) {
    if (Status ended = finish(); !ended) {
      return ended;
    }
    if (Status begun = begin_epoch(group.spot.epoch); !begun) {
      return begun;
    }
  }
  const bool is_dense = group.spot.index == next_index_;
  has_hole_ = has_hole_ || !is_dense;
  if (is_to_be_reached(group)) {
    if (Status reached = reach(group); !reached) {
      return reached;
    }
  }
  if (!group.tiles.empty() || !group.rows.empty()) {
    add_leaf(group);
  }
  return {};
}

Status TruthFinder::finish() {
  return has_epoch_ ? end_epoch() : Status{};
}

Status TruthFinder::end_epoch() {
  has_epoch_ = false;
  const bool is_over = facts_->has_failed || facts_->has_ended();
  Status heard = is_over ? Status{} : hear_leaves(*facts_, Proof::kTail);
  facts_->demanded = std::max({facts_->demanded, facts_->signed_size, facts_->witnessed});
  return heard;
}

/// Roots that were only seen count beyond what was signed: below it the signed ones decide.
bool TruthFinder::is_to_be_reached(const LeafGroup& group) const {
  if (facts_->has_failed || !facts_->is_judged) {
    return false;
  }
  return std::any_of(group.roots.begin(), group.roots.end(), [&](const RootClaim& claim) {
    return claim.is_signed() || group.spot.index > facts_->signed_size;
  });
}

Status TruthFinder::reach(const LeafGroup& group) {
  const std::uint64_t size = group.spot.index;
  std::vector<RootClaim> roots = group.roots;
  if (size <= facts_->signed_size) {
    std::erase_if(roots, [](const RootClaim& claim) { return !claim.is_signed(); });
  }
  if (has_hole_) {
    facts_->has_hole = true;
    fail(size);
    return {};
  }
  if (has_parted_) {
    std::optional<TruthException> settled = settle(roots);
    if (!settled) {
      fail(size);
      return {};
    }
    facts_->exceptions.push_back(std::move(*settled));
  } else if (!is_root(common_, roots)) {
    fail(size);
    return {};
  }
  facts_->proven_end = size;
  Status heard = hear_leaves(*facts_, Proof::kProven);
  begin_interval();
  return heard;
}

void TruthFinder::fail(std::uint64_t size) {
  facts_->has_failed = true;
  facts_->failed_size = size;
  held_.clear();
}

std::optional<TruthException> TruthFinder::settle(const std::vector<RootClaim>& roots) {
  TruthException settled{interval_begin_, next_index_, TruthException::Choice::kPicks, {}};
  for (std::size_t i = 0; i < pure_.size(); ++i) {
    if (pure_.at(i).is_alive && is_root(pure_.at(i).frontier, roots)) {
      settled.choice = static_cast<TruthException::Choice>(i);
      common_ = pure_.at(i).frontier;
      return settled;
    }
  }
  for (Path& path : mixtures_) {
    if (is_root(path.frontier, roots)) {
      settled.picks = std::move(path.picks);
      common_ = path.frontier;
      return settled;
    }
  }
  return std::nullopt;
}

void TruthFinder::add_leaf(const LeafGroup& group) {
  ++facts_->seen_leaves;
  const std::vector<Digest> hashes = claimed_hashes(group);
  next_index_ = group.spot.index + 1;
  if (facts_->has_failed) {
    return;
  }
  if (hashes.empty() || has_hole_) {
    has_hole_ = true;
    return;
  }
  hold_own_leaves(group);
  if (!has_parted_ && hashes.size() > 1) {
    part_ways();
  }
  if (has_parted_) {
    extend_paths(group, hashes);
  } else {
    common_.append(hashes.front());
  }
}

void TruthFinder::part_ways() {
  has_parted_ = true;
  // Up to here all sources that speak agree; one that was silent anywhere in the interval is out: it has a hole.
  pure_.fill(Path{common_, {}, true});
  mixtures_.assign(1, Path{common_, {}, true});
}

void TruthFinder::extend_paths(const LeafGroup& group, const std::vector<Digest>& hashes) {
  const SourceHashes sources = source_hashes(group);
  for (std::size_t i = 0; i < pure_.size(); ++i) {
    Path& path = pure_.at(i);
    path.is_alive = path.is_alive && sources.at(i).has_value();
    if (path.is_alive) {
      path.frontier.append(*sources.at(i));
    }
  }
  mixture_work_ += mixtures_.size() * hashes.size();
  if (mixtures_.size() * hashes.size() > kMostMixtures || mixture_work_ > kMostMixtureWork) {
    mixtures_.clear();
  }
  if (hashes.size() > 1) {
    branch(group.spot.index, hashes);
    return;
  }
  for (Path& path : mixtures_) {
    path.frontier.append(hashes.front());
  }
}

void TruthFinder::branch(std::uint64_t index, const std::vector<Digest>& hashes) {
  std::vector<Path> branches;
  branches.reserve(mixtures_.size() * hashes.size());
  for (const Path& path : mixtures_) {
    for (const Digest& hash : hashes) {
      Path& longer = branches.emplace_back(path);
      longer.frontier.append(hash);
      longer.picks.emplace_back(index, hash);
    }
  }
  mixtures_ = std::move(branches);
}

void TruthFinder::hold_own_leaves(const LeafGroup& group) {
  for (const RowClaim& row : group.rows) {
    if (row.kind != RowClaim::Kind::kOwn || !row.has_hash) {
      continue;
    }
    const bool is_held = !held_.empty() && held_.back().index == group.spot.index && held_.back().hash == row.hash;
    Result<Leaf> leaf = parse_leaf(row.leaf);
    if (is_held || !leaf || leaf->header.epoch_id != facts_->id || leaf->header.index != group.spot.index) {
      continue;
    }
    held_.push_back({group.spot.index, row.hash, source_hashes(group), std::move(*leaf)});
  }
}

Status TruthFinder::hear_leaves(const EpochFacts& facts, Proof proof) {
  for (const HeldLeaf& held : held_) {
    // What is in no tree yet is believed only where nobody contradicts it, and only for what would else be pending.
    bool is_true = true;
    if (proof == Proof::kProven) {
      is_true = chosen_hash(facts, held.index, held.sources, held.hash) == held.hash;
    }
    if (!is_true) {
      continue;
    }
    if (Status heard = hear(held.leaf, proof); !heard) {
      return heard;
    }
  }
  held_.clear();
  return {};
}

Status TruthFinder::hear(const Leaf& leaf, Proof proof) {
  Declaration said;
  said.accept_at = leaf.header.accept_at;
  said.is_proven = proof == Proof::kProven;
  if (const auto* gap = std::get_if<GapLeaf>(&leaf.content)) {
    said.kind = gap->reason == GapReason::kDamagedSpool ? Declaration::Kind::kDamaged : Declaration::Kind::kRefused;
    if (gap->store) {
      said.store = *gap->store == GapStore::kPostgres ? StoreSide::kPostgres : StoreSide::kMongodb;
    }
    return hear_ranges(gap->ranges, said);
  }
  if (proof == Proof::kTail) {
    return {};
  }
  facts_->newest_accept_at = std::max(facts_->newest_accept_at, leaf.header.accept_at);
  if (const auto* erase = std::get_if<EraseLeaf>(&leaf.content)) {
    said.kind = Declaration::Kind::kErased;
    for (const char field : erase->fields) {
      said.fields |= 1U << (static_cast<std::uint8_t>(field) & 31U);
    }
    return hear_ranges(erase->ranges, said);
  }
  if (const auto* prune = std::get_if<PruneLeaf>(&leaf.content)) {
    said.kind = Declaration::Kind::kPruned;
    for (const Witness& whole : prune->epochs) {
      EpochFacts& gone = book_.at(book_.number(whole.epoch_id));
      gone.pruned = whole;
      gone.pruned_at = leaf.header.accept_at;
    }
    return hear_ranges(prune->ranges, said);
  }
  if (const auto* open = std::get_if<OpenLeaf>(&leaf.content)) {
    facts_->due = std::max(facts_->due, open->due);
    return hear_open(*open, leaf.header.index);
  }
  if (const auto* heartbeat = std::get_if<HeartbeatLeaf>(&leaf.content)) {
    hear_tally(heartbeat->tally, leaf.header.accept_at);
    facts_->due = std::max(facts_->due, heartbeat->due);
    for (const Witness& witness : heartbeat->witnesses) {
      if (Status told = demand(witness, RootClaim::Source::kWitness); !told) {
        return told;
      }
    }
  }
  if (const auto* close = std::get_if<CloseLeaf>(&leaf.content)) {
    hear_tally(close->tally, leaf.header.accept_at);
    facts_->end = leaf.header.index + 1;
    facts_->is_closed = true;
  }
  return {};
}

void TruthFinder::hear_tally(const EpochTally& tally, UtcMicros accept_at) {
  const std::array<std::uint64_t, kStoreSides> told{tally.confirmed_postgres, tally.confirmed_mongodb};
  for (std::size_t side = 0; side < kStoreSides; ++side) {
    auto& first = facts_->first_tallied_at.at(side);
    first = !first && told.at(side) > 0 ? std::optional(accept_at) : first;
    facts_->tallied.at(side) = std::max(facts_->tallied.at(side), told.at(side));
    facts_->confirmed.at(side) = std::max(facts_->confirmed.at(side), told.at(side));
  }
}

Status TruthFinder::hear_open(const OpenLeaf& open, std::uint64_t index) {
  for (const Witness& witness : open.witnesses) {
    if (Status told = demand(witness, RootClaim::Source::kWitness); !told) {
      return told;
    }
  }
  if (!open.previous || index != 0) {
    return {};
  }
  EpochFacts& previous = book_.at(book_.number(*open.previous));
  previous.has_two_successors = previous.has_two_successors || (previous.successor && *previous.successor != epoch_);
  previous.successor = epoch_;
  if (!open.previous_tree) {
    previous.is_followed_without_tree = true;
    return {};
  }
  previous.followed_size = open.previous_tree->size;
  previous.end = std::max(previous.end.value_or(0), open.previous_tree->size);
  return demand({*open.previous, open.previous_tree->size, open.previous_tree->root}, RootClaim::Source::kPrevious);
}

Status TruthFinder::hear_ranges(const std::vector<EpochRange>& ranges, Declaration declaration) {
  for (const EpochRange& range : ranges) {
    declaration.last = range.last;
    const std::uint32_t number = book_.number(range.epoch_id);
    if (range.first >= kMostTreeLeaves) {
      continue;
    }
    if (Status told = tell_({number, range.first}, declaration); !told) {
      return told;
    }
  }
  return {};
}

Status TruthFinder::demand(const Witness& witness, RootClaim::Source source) {
  if (witness.size == 0 || witness.size > kMostTreeLeaves) {
    return {};
  }
  const std::uint32_t number = book_.number(witness.epoch_id);
  EpochFacts& facts = book_.at(number);
  if (witness.size > std::max(facts.signed_size, facts.witnessed)) {
    is_unfinished_ = true;
    facts.witnessed = witness.size;
  }
  RootClaim claim;
  claim.root = witness.root;
  claim.source = source;
  claim.told_by = epoch_;
  return tell_({number, witness.size}, claim);
}

}  // namespace twinlog
