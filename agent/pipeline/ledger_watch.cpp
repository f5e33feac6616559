#include "agent/pipeline/ledger_watch.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "ledger/base/uuid.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"

namespace twinlog {
namespace {

/// What a store holds under a place.
struct Found {
  std::optional<Digest> leaf_hash;  ///< Nothing: erased, so that it cannot be made again.
};
using Places = std::multimap<LeafPlace, Found>;

void add_versions(const std::vector<StoredVersion>& versions, Places& places) {
  for (const StoredVersion& stored : versions) {
    const LeafPlace place{stored.version.epoch_id, stored.version.leaf_index};
    if (stored.is_erased) {
      places.insert({place, {}});
    } else if (stored.version.ledger) {
      places.insert({place, {leaf_hash(event_leaf(stored.version))}});
    } else {
      places.insert({place, {Digest{}}});  // It had a leaf: without its columns it is not what was signed.
    }
  }
}

/// Tiles lie in the order of their leaves.
const Digest* hash_in(const std::vector<LedgerTile>& tiles, std::uint64_t index) {
  const auto behind = std::ranges::upper_bound(tiles, index, {}, &LedgerTile::first_index);
  if (behind == tiles.begin()) {
    return nullptr;
  }
  const LedgerTile& tile = *std::prev(behind);
  const std::uint64_t place = index - tile.first_index;
  return place < tile.hashes.size() ? &tile.hashes[place] : nullptr;
}

bool names(const PruneLeaf& prune, const LeafPlace& place) {
  return std::ranges::any_of(prune.ranges,
                             [&place](const EpochRange& range) {
                               return range.epoch_id == place.epoch_id && range.first <= place.index &&
                                      place.index <= range.last;
                             }) ||
         std::ranges::find(prune.epochs, place.epoch_id, &Witness::epoch_id) != prune.epochs.end();
}

}  // namespace

LedgerWatch::LedgerWatch(Parts parts) : parts_(parts), turns_(kSample, parts.random) {}

void LedgerWatch::passed(const SpoolBatch& batch) {
  const std::scoped_lock lock(mutex_);
  for (const Version& version : batch.versions) {
    if (Signed* const taken = take_place(batch, version.leaf_index)) {
      taken->key = EventKey{version.event.tenant_id, version.event.log_id};
    }
  }
  for (const OwnLeaf& own : batch.ledger.own_leaves) {
    take_place(batch, own.index);
  }
}

/// In the sample, for this leaf; nothing: it goes by, or nobody knows its hash.
LedgerWatch::Signed* LedgerWatch::take_place(const SpoolBatch& batch, std::uint64_t index) {
  const bool is_full = sample_.size() >= kSample;
  const std::optional<std::size_t> place = is_full ? turns_.pass() : sample_.size();
  const Digest* const hash = place ? hash_in(batch.ledger.tiles, index) : nullptr;
  if (hash == nullptr) {
    return nullptr;
  }
  sample_.resize(std::max(sample_.size(), *place + 1));
  sample_[*place] = {
      .place = {batch.epoch.id, index}, .number = batch.epoch.base + index, .key = std::nullopt, .leaf_hash = *hash};
  return &sample_[*place];
}

std::chrono::milliseconds LedgerWatch::step() {
  const auto now = parts_.clock.steady_now();
  if (!next_) {
    next_ = now + kRound;
  }
  if (now < *next_) {
    return std::chrono::ceil<std::chrono::milliseconds>(*next_ - now);
  }
  next_ = now + kRound;
  const std::vector<Signed> leaves = draw();
  if (leaves.empty()) {
    return kRound;
  }
  auto verdicts = read_back(leaves);
  const bool is_read = verdicts && !ask_for_prunes(leaves, *verdicts);
  const std::scoped_lock lock(mutex_);
  if (!is_read) {
    ++status_.unread;
    return kRound;
  }
  status_.last_round_at = parts_.clock.utc_now();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    take(leaves[i], (*verdicts)[i]);
  }
  return kRound;
}

/// Those that were wrong come again first; of the others, different ones by chance. What a store lacks because it went
/// back is on its way to it again: no finding.
std::vector<LedgerWatch::Signed> LedgerWatch::draw() {
  const std::uint64_t cursor = parts_.spool.cursor(parts_.store);
  const std::scoped_lock lock(mutex_);
  has_forgotten_ = false;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sample_.size(); ++i) {
    if (sample_[i].number <= cursor) {
      places.push_back(i);
    }
  }
  for (std::size_t i = places.size(); i > 1; --i) {
    std::swap(places[i - 1], places[parts_.random.next() % i]);
  }
  std::stable_partition(places.begin(), places.end(), [this](std::size_t i) { return sample_[i].was_wrong; });
  places.resize(std::min(places.size(), kLeavesOfRound));
  std::vector<Signed> drawn;
  drawn.reserve(places.size());
  for (const std::size_t place : places) {
    drawn.push_back(sample_[place]);
  }
  return drawn;
}

StoreResult<std::vector<LedgerWatch::Verdict>> LedgerWatch::read_back(const std::vector<Signed>& leaves) {
  std::set<EventKey> distinct;
  std::vector<LeafPlace> wanted;
  for (const Signed& leaf : leaves) {
    wanted.push_back(leaf.place);  // A further acceptance lies there although it is an event's.
    if (leaf.key) {
      distinct.insert(*leaf.key);
    }
  }
  const std::vector<EventKey> keys(distinct.begin(), distinct.end());
  const auto records = parts_.reader.records(keys);
  const auto conflicts = records ? parts_.reader.conflicts(keys) : records;
  if (!conflicts) {
    return conflicts.error();
  }
  const auto own = parts_.reader.leaves(wanted);
  if (!own) {
    return own.error();
  }
  Places places;
  add_versions(*records, places);
  add_versions(*conflicts, places);
  for (const StoredLeaf& stored : *own) {
    places.insert({stored.place, {leaf_hash(stored.leaf)}});
  }
  std::vector<Verdict> verdicts;
  for (const Signed& leaf : leaves) {
    const auto there = places.equal_range(leaf.place);
    const auto is = [&there](const auto& condition) {
      return std::any_of(there.first, there.second, [&](const auto& entry) { return condition(entry.second); });
    };
    verdicts.push_back(is([&](const Found& found) { return found.leaf_hash == leaf.leaf_hash; }) ? Verdict::kAsSigned
                       : is([](const Found& found) { return !found.leaf_hash; })                 ? Verdict::kErased
                       : there.first != there.second                                             ? Verdict::kModified
                                                                                                 : Verdict::kMissing);
  }
  return verdicts;
}

StoreStatus LedgerWatch::ask_for_prunes(const std::vector<Signed>& leaves, std::vector<Verdict>& verdicts) {
  std::vector<std::size_t> missing;
  std::set<Uuid> epochs;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (verdicts[i] == Verdict::kMissing && leaves[i].was_wrong) {
      missing.push_back(i);
      epochs.insert(leaves[i].place.epoch_id);
    }
  }
  if (missing.empty()) {
    return std::nullopt;
  }
  const std::vector<Uuid> wanted(epochs.begin(), epochs.end());
  const auto prunes = parts_.reader.prunes_of(wanted);
  if (!prunes) {
    return prunes.error();
  }
  for (const StoredLeaf& stored : *prunes) {
    const Result<Leaf> leaf = parse_leaf(stored.leaf);
    const auto* prune = leaf ? std::get_if<PruneLeaf>(&leaf->content) : nullptr;
    if (prune == nullptr) {
      continue;
    }
    for (const std::size_t i : missing) {
      verdicts[i] = names(*prune, leaves[i].place) ? Verdict::kPruned : verdicts[i];
    }
    const std::scoped_lock lock(mutex_);
    std::erase_if(sample_, [prune](const Signed& one) { return names(*prune, one.place); });
  }
  return std::nullopt;
}

void LedgerWatch::take(const Signed& leaf, Verdict verdict) {
  const auto kept = std::ranges::find(sample_, leaf.place, &Signed::place);
  if (verdict == Verdict::kAsSigned) {
    ++status_.checked;
    if (kept != sample_.end()) {
      kept->was_wrong = false;
    }
    return;
  }
  if (kept == sample_.end() && has_forgotten_) {
    return;
  }
  const bool is_ordered = verdict == Verdict::kErased || verdict == Verdict::kPruned;
  if (!is_ordered && kept != sample_.end() && !kept->was_wrong) {
    kept->was_wrong = true;  // A look in the middle of something: told only when it is so at the next one, too.
    return;
  }
  if (!is_ordered) {
    tell(leaf, verdict);
  }
  if (kept != sample_.end()) {
    *kept = std::move(sample_.back());
    sample_.pop_back();
  }
}

void LedgerWatch::forget(std::span<const EventKey> keys) {
  const std::set<EventKey> gone(keys.begin(), keys.end());
  const std::scoped_lock lock(mutex_);
  std::erase_if(sample_, [&gone](const Signed& leaf) { return leaf.key && gone.contains(*leaf.key); });
  has_forgotten_ = true;
}

void LedgerWatch::tell(const Signed& leaf, Verdict verdict) {
  ++(verdict == Verdict::kModified ? status_.modified : status_.missing);
  status_.last_finding = leaf.place;
  parts_.log.line(LogLevel::kError, "self_audit_failed",
                  verdict == Verdict::kModified
                      ? "a record in this store is not what this agent signed: somebody changed it; run twinlog verify"
                      : "a record that this agent wrote is gone from this store; run twinlog verify",
                  {{"store", std::string(store_name(parts_.store))},
                   {"epoch", uuid_text(leaf.place.epoch_id)},
                   {"leaf", std::to_string(leaf.place.index)}});
}

AuditStatus LedgerWatch::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

}  // namespace twinlog
