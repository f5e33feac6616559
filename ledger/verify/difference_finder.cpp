#include "ledger/verify/difference_finder.h"

#include <algorithm>
#include <utility>

#include "ledger/verify/leaf_check.h"
#include "ledger/verify/truth_finder.h"

namespace twinlog {
namespace {

constexpr std::uint32_t kKeyFields = (1U << 1U) | (1U << 2U);
constexpr std::size_t kPairDigestBytes = 16;
constexpr std::size_t kKeyBytes = 1 + kPairDigestBytes;
constexpr char kSpoiled = 0;
constexpr char kWanted = 1;

std::size_t slot(StoreSide store) {
  return static_cast<std::size_t>(store);
}

bool is_over(const EpochFacts& facts, UtcMicros now) {
  return facts.has_ended() || facts.retired_size || !is_alive(facts, now);
}

bool is_version(const RowClaim& row) {
  return row.kind != RowClaim::Kind::kOwn;
}

std::uint64_t spot_number(StoreSide store, LeafSpot spot) {
  return static_cast<std::uint64_t>(store) << 63U | static_cast<std::uint64_t>(spot.epoch) << 24U | spot.index;
}

/// By the event's key in a store.
std::string key_record(StoreSide store, const std::string& tenant_id, const std::string& log_id, char what) {
  std::string record(1, static_cast<char>(store));
  record += pair_digest(tenant_id, log_id);
  record.push_back(what);
  return record;
}

const RowClaim* good_row(const LeafGroup& group, StoreSide store, const Digest& hash) {
  const auto found = std::ranges::find_if(
      group.rows, [&](const RowClaim& row) { return row.store == store && row.has_hash && row.hash == hash; });
  return found == group.rows.end() ? nullptr : &*found;
}

/// When the leaf was accepted, as far as anything tells that fits its hash.
std::optional<UtcMicros> accept_at(const LeafGroup& group, const Digest& hash) {
  for (const RowClaim& row : group.rows) {
    if (row.has_hash && row.hash == hash) {
      return row.accept_at;
    }
  }
  for (const TileClaim& tile : group.tiles) {
    if (tile.hash == hash && (tile.first_at || tile.last_at)) {
      return tile.first_at ? tile.first_at : tile.last_at;
    }
  }
  return std::nullopt;
}

}  // namespace

DifferenceFinder::DifferenceFinder(const Parts& parts)
    : parts_(parts), papers_(parts.sorting), keyed_(parts.sorting), lacks_(parts.sorting), accounts_(parts.sorting) {}

Status DifferenceFinder::take(const LeafGroup& group, std::uint32_t epoch, EpochRegister& book) {
  if (book_ == nullptr) {
    book_ = &book;
    if (Status taken = take_papers(); !taken) {
      return taken;
    }
  }
  if (epoch_ != epoch) {
    if (Status begun = begin_epoch(epoch); !begun) {
      return begun;
    }
  }
  std::erase_if(declarations_, [&](const Declaration& one) { return one.last < group.spot.index; });
  declarations_.insert(declarations_.end(), group.declarations.begin(), group.declarations.end());
  if (facts_.is_skipped || (group.rows.empty() && group.tiles.empty())) {
    return {};
  }
  const std::optional<Truth> truth = truth_of(group);
  for (const StoreSide store : {StoreSide::kPostgres, StoreSide::kMongodb}) {
    if (Status taken = take_rows(group, truth, store); !taken) {
      return taken;
    }
    if (Status taken = truth ? take_tiles(group, *truth, store) : Status(); !taken) {
      return taken;
    }
  }
  return {};
}

Status DifferenceFinder::begin_epoch(std::uint32_t epoch) {
  Status ended = end_epoch();
  epoch_ = epoch;
  facts_ = book_->at(epoch);
  declarations_.clear();
  return ended;
}

Status DifferenceFinder::end_epoch() {
  for (const StoreSide store : {StoreSide::kPostgres, StoreSide::kMongodb}) {
    if (Status flushed = flush_tile(store); !flushed) {
      return flushed;
    }
  }
  return {};
}

/// The hash that is proven; else the one on which all that speak agree, of which a tile is one.
std::optional<DifferenceFinder::Truth> DifferenceFinder::truth_of(const LeafGroup& group) const {
  if (!facts_.is_judged || facts_.pruned) {
    return std::nullopt;
  }
  if (const std::optional<Digest> proven = true_hash(facts_, group)) {
    return Truth{*proven, false};
  }
  const bool is_beyond = (facts_.end && group.spot.index >= facts_.end) ||
                         (facts_.revoked_after && group.spot.index >= facts_.revoked_after);
  const std::vector<Digest> hashes = claimed_hashes(group);
  if (is_beyond || facts_.has_failed || hashes.size() != 1 || group.tiles.empty()) {
    return std::nullopt;
  }
  return Truth{hashes.front(), true};
}

bool DifferenceFinder::is_due(const EpochFacts& facts, StoreSide store, std::uint64_t index) const {
  return index < facts.confirmed.at(slot(store)) || is_over(facts, parts_.now);
}

/// Nothing is put beside a row that is not what was signed: it would look like its conflict, or its repeat.
Status DifferenceFinder::spoil(const RowClaim& row, LeafSpot spot) {
  if (!is_version(row)) {
    return {};
  }
  if (faulty_.size() < kMostFaultyRows) {
    faulty_.insert(spot_number(row.store, spot));
  }
  return keyed_.add(key_record(row.store, row.tenant_id, row.log_id, kSpoiled));
}

bool DifferenceFinder::is_sound(StoreSide store, LeafSpot spot) const {
  if (spot.epoch == kNoEpoch) {
    return parts_.are_early_rows_accepted;
  }
  return faulty_.size() < kMostFaultyRows && !faulty_.contains(spot_number(store, spot));
}

void DifferenceFinder::refuse(const Lack& lack, const std::string& why) {
  if (lack.kind == Lack::Kind::kVersion && missed_.size() < kMostFaultyRows) {
    missed_.push_back({lack.store, {lack.tenant_id, lack.log_id}});
  }
  parts_.refuse(lack, names_.at(lack.epoch_id), why);
}

Status DifferenceFinder::take_rows(const LeafGroup& group, const std::optional<Truth>& truth, StoreSide store) {
  const RowClaim* const good = truth ? good_row(group, store, truth->hash) : nullptr;
  bool is_there = false;
  for (const RowClaim& row : group.rows) {
    if (row.store != store) {
      continue;
    }
    is_there = true;
    if (Status spoiled = &row != good ? spoil(row, group.spot) : Status(); !spoiled) {
      return spoiled;
    }
  }
  // Index 0 lies in ledger_epochs.
  const bool is_lacking = !is_there && truth && group.spot.index > 0 && is_due(facts_, store, group.spot.index);
  return is_lacking ? take_lacking_row(group, *truth, store) : Status();
}

Status DifferenceFinder::take_lacking_row(const LeafGroup& group, const Truth& truth, StoreSide store) {
  const RowClaim* const source = good_row(group, other_than(store), truth.hash);
  if (source == nullptr) {
    return {};
  }
  Lack lack =
      lack_of(facts_, store, is_version(*source) ? Lack::Kind::kVersion : Lack::Kind::kOwnLeaf, group.spot.index);
  lack.is_unproved = truth.is_unproved;
  lack.hash = truth.hash;
  lack.is_further = source->kind == RowClaim::Kind::kFurther;
  lack.tenant_id = source->tenant_id;
  lack.log_id = source->log_id;
  lack.bytes = source->leaf;
  if (const std::optional<std::string> why = objection(group, *source, store)) {
    if (!why->empty()) {
      refuse(lack, *why);
    }
    return {};
  }
  if (lack.kind == Lack::Kind::kOwnLeaf) {
    return lacks_.add(lack_record(lack));
  }
  return keyed_.add(key_record(store, lack.tenant_id, lack.log_id, kWanted) + lack_record(lack));
}

/// Why the other store's row is not to be put in; "": it needs no words, since it is meant to be gone.
std::optional<std::string> DifferenceFinder::objection(const LeafGroup& group, const RowClaim& row,
                                                       StoreSide store) const {
  for (const Declaration& one : declarations_) {
    const bool is_of_it = one.last >= group.spot.index && (!one.store || *one.store == store);
    if (is_of_it && one.kind == Declaration::Kind::kPruned) {
      return "";
    }
    if (is_of_it && one.kind == Declaration::Kind::kErased && (row.present & one.fields & ~kKeyFields) != 0) {
      return "an ERASE leaf names it, and the other store still holds the values: run `twinlog erase` again";
    }
  }
  if (row.is_erased) {
    return "fields of it were erased in the other store, which so has not all of it";
  }
  if (!row.faults.empty()) {
    return "the other store's row has derived columns that were changed: " + row.faults;
  }
  return std::nullopt;
}

Status DifferenceFinder::take_tiles(const LeafGroup& group, const Truth& truth, StoreSide store) {
  const std::uint64_t index = group.spot.index;
  const bool is_there =
      std::ranges::any_of(group.tiles, [store](const TileClaim& tile) { return tile.store == store; });
  if (is_there || !is_due(facts_, store, index)) {
    return {};
  }
  TileRun& run = runs_.at(slot(store));
  const std::uint64_t count = run.hashes.size() / sizeof(Digest);
  const bool goes_on =
      count > 0 && count < kMostTileHashes && run.first + count == index && run.is_unproved == truth.is_unproved;
  if (Status flushed = goes_on ? Status() : flush_tile(store); !flushed) {
    return flushed;
  }
  const std::optional<UtcMicros> at = accept_at(group, truth.hash);
  if (run.hashes.empty()) {
    if (!at) {
      return {};  // A tile begins with a leaf of which the time is known.
    }
    run.first = index;
    run.first_at = *at;
    run.is_unproved = truth.is_unproved;
  }
  run.hashes.append(as_text(truth.hash));
  if (at) {
    run.sure = run.hashes.size() / sizeof(Digest);
    run.last_at = *at;
  }
  return {};
}

Status DifferenceFinder::flush_tile(StoreSide store) {
  const TileRun run = std::exchange(runs_.at(slot(store)), TileRun{});
  if (run.sure == 0) {
    return {};
  }
  Lack lack = lack_of(facts_, store, Lack::Kind::kTile, run.first);
  lack.is_unproved = run.is_unproved;
  lack.bytes = run.hashes.substr(0, static_cast<std::size_t>(run.sure) * sizeof(Digest));
  lack.first_at = run.first_at;
  lack.last_at = run.last_at;
  return lacks_.add(lack_record(lack));
}

Lack DifferenceFinder::lack_of(const EpochFacts& facts, StoreSide store, Lack::Kind kind, std::uint64_t index) {
  names_.try_emplace(facts.id, EpochName{facts.origin, facts.agent});
  Lack lack;
  lack.store = store;
  lack.begun_at = facts.begun_at;
  lack.epoch_id = facts.id;
  lack.kind = kind;
  lack.index = index;
  return lack;
}

Status DifferenceFinder::take(const AccountDifference& difference) {
  AccountLack lack;
  lack.store = difference.store;
  lack.account_digest = difference.account_digest;
  lack.tenant_id = difference.tenant_id;
  lack.log_id = difference.log_id;
  lack.is_held = difference.held.has_value();
  lack.held = difference.held.value_or("");
  lack.is_partly_gone = difference.is_partly_gone;
  if (difference.true_state) {
    AccountState state = *difference.true_state;
    for (const auto& [epoch, leaf] : difference.newest) {
      state.marks[book_->at(epoch).id].leaf_index = leaf;
    }
    lack.state = encode_account_state(state);
  }
  return accounts_.add(account_lack_record(lack));
}

/// What is wanted goes on to the lacks, unless its store holds something of the same id that is not what was signed.
Status DifferenceFinder::join_keys() {
  SortedReader reader({&keyed_});
  std::string spoiled;
  while (const std::string_view* record = reader.next()) {
    const std::string key(record->substr(0, kKeyBytes));
    if (record->at(kKeyBytes) == kSpoiled) {
      spoiled = key;
      continue;
    }
    const std::string_view wanted = record->substr(kKeyBytes + 1);
    if (key == spoiled) {
      const Lack lack = read_lack(wanted);
      refuse(lack,
             "under this id lies something that is not what was signed, or is not proven yet, and nothing is written "
             "over or beside it: keep it as evidence, remove it, then repair");
    } else if (Status added = lacks_.add(wanted); !added) {
      return added;
    }
  }
  return reader.status();
}

Status DifferenceFinder::finish() {
  if (Status ended = end_epoch(); !ended) {
    return ended;
  }
  if (Status finished = keyed_.finish(); !finished) {
    return finished;
  }
  if (Status joined = join_keys(); !joined) {
    return joined;
  }
  Status finished = lacks_.finish();
  return finished ? accounts_.finish() : finished;
}

DifferenceFinder::EpochName DifferenceFinder::name_of(const Uuid& epoch_id) const {
  const auto found = names_.find(epoch_id);
  return found == names_.end() ? EpochName{} : found->second;
}

}  // namespace twinlog
