#include "ledger/verify/mending.h"

#include <algorithm>
#include <span>
#include <utility>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"
#include "ledger/verify/row_leaf.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostOfBatch = 200;
constexpr std::size_t kMostBatchBytes = 4U << 20U;
/// Agents write the same rows meanwhile.
constexpr int kMostTries = 3;

bool is_of(const Lack& lack, const Version& version) {
  return version.event.tenant_id == lack.tenant_id && version.event.log_id == lack.log_id;
}

LeafPlace place_of(const Lack& lack) {
  return {lack.epoch_id, lack.index};
}

bool is_at(const Lack& lack, const Version& version) {
  return LeafPlace{version.epoch_id, version.leaf_index} == place_of(lack);
}

bool is_at(const Lack& lack, const LedgerLeafRow& row) {
  return LeafPlace{row.epoch_id, row.leaf_index} == place_of(lack);
}

std::vector<Digest> hashes_of(const std::string& bytes) {
  std::vector<Digest> hashes;
  for (std::size_t at = 0; at + sizeof(Digest) <= bytes.size(); at += sizeof(Digest)) {
    hashes.push_back(*array_from<sizeof(Digest)>(std::string_view(bytes).substr(at, sizeof(Digest))));
  }
  return hashes;
}

/// What of the batch goes in as it is: leaves of the agent's own, tiles, and what is signed over them.
LedgerPart part_of(const std::vector<Lack>& lacks) {
  LedgerPart part;
  for (const Lack& lack : lacks) {
    if (lack.kind == Lack::Kind::kOwnLeaf) {
      part.own_leaves.push_back({lack.index, lack.bytes});
    } else if (lack.kind == Lack::Kind::kTile) {
      part.tiles.push_back({lack.index, hashes_of(lack.bytes), lack.first_at, lack.last_at});
    } else if (lack.kind == Lack::Kind::kBeginning) {
      const Paper paper = read_paper(lack.bytes);
      part.beginning = EpochBeginning{paper.origin, paper.open, paper.note};
    } else if (lack.kind == Lack::Kind::kCheckpoint) {
      const Paper paper = read_paper(lack.bytes);
      part.checkpoints.push_back(
          {paper.size, array_from<sizeof(Digest)>(paper.root).value_or(Digest{}), paper.note, paper.accepted_at});
    }
  }
  return part;
}

}  // namespace

std::string lack_words(const Lack& lack, const DifferenceFinder::EpochName& name) {
  std::string words = std::string(side_text(lack.store)) + ": " + std::string(lack_kind_text(lack.kind));
  if (lack.kind != Lack::Kind::kBeginning) {
    words += " " + std::to_string(lack.index);
  }
  words += " of " + (name.origin.empty() ? uuid_text(lack.epoch_id) : name.origin);
  return lack.log_id.empty() ? words : words + " (" + lack.tenant_id + ", " + lack.log_id + ")";
}

Error store_failed(const StoreError& error, StoreSide side) {
  return {ErrorKind::kTransient,
          std::string(side_text(side)) + ": " + error.words + (error.code.empty() ? "" : " (code " + error.code + ")")};
}

std::uint64_t Mending::all() const {
  std::uint64_t all = accounts_;
  for (const MendCounts& counts : counts_) {
    for (const std::uint64_t count : counts) {
      all += count;
    }
  }
  return all;
}

void Mending::refuse(const Lack& lack, const std::string& why) {
  if (lack.kind == Lack::Kind::kVersion && missed_.size() < kMostFaultyRows) {
    missed_.push_back({lack.store, {lack.tenant_id, lack.log_id}});
  }
  parts_.say(lack_words(lack, parts_.found.name_of(lack.epoch_id)) + ": " + why);
}

void Mending::count(const Lack& lack) {
  ++counts_.at(static_cast<std::size_t>(lack.store)).at(static_cast<std::size_t>(lack.kind));
}

Status Mending::put_back() {
  SortedReader reader({&parts_.found.lacks()});
  Batch batch;
  std::size_t bytes = 0;
  while (const std::string_view* record = reader.next()) {
    Lack lack = read_lack(*record);
    const bool is_full = batch.lacks.size() == kMostOfBatch || bytes + record->size() > kMostBatchBytes;
    const bool goes_on = batch.lacks.empty() ||
                         (batch.lacks.front().store == lack.store && batch.lacks.front().epoch_id == lack.epoch_id);
    if (!batch.lacks.empty() && (is_full || !goes_on)) {
      if (Status done = put_back(batch); !done) {
        return done;
      }
      batch = {};
      bytes = 0;
    }
    if (lack.is_unproved && parts_.unproved == Unproved::kLeave) {
      refuse(lack, "no checkpoint covers it; --include-unproved copies such things, too");
      continue;
    }
    bytes += record->size();
    batch.lacks.push_back(std::move(lack));
  }
  if (Status done = batch.lacks.empty() ? Status() : put_back(batch); !done) {
    return done;
  }
  return reader.status();
}

Status Mending::put_back(Batch& batch) {
  if (Status read_it = read(batch); !read_it) {
    return read_it;
  }
  Status versions = put_back_versions(batch);
  return versions ? put_back_papers(batch) : versions;
}

Status Mending::read(Batch& batch) {
  const StoreSide target = batch.lacks.front().store;
  Status source = read(batch, other_than(target), batch.source);
  return source ? read(batch, target, batch.target) : source;
}

Status Mending::read(const Batch& batch, StoreSide side, Held& held) {
  std::vector<EventKey> keys;
  std::vector<LeafPlace> places;
  for (const Lack& lack : batch.lacks) {
    if (lack.kind == Lack::Kind::kVersion) {
      keys.push_back({lack.tenant_id, lack.log_id});
      places.push_back(place_of(lack));
    }
  }
  if (keys.empty()) {
    return {};
  }
  auto rows = store(side).versions(keys);
  if (!rows) {
    return store_failed(rows.error(), side);
  }
  auto leaves = store(side).leaves(places);
  if (!leaves) {
    return store_failed(leaves.error(), side);
  }
  held = {std::move(*rows), std::move(*leaves)};
  return {};
}

std::optional<Version> Mending::rebuilt(const Batch& batch, const Lack& lack) const {
  const std::string agent = parts_.found.name_of(lack.epoch_id).agent;
  for (const LedgerRow& row : batch.source.rows) {
    if (!is_at(lack, row.version) || !row.salts.empty() || !row.version.ledger) {
      continue;
    }
    const RowClaim claim = row_claim(row, agent);
    if (claim.has_hash && claim.hash == lack.hash && claim.faults.empty()) {
      return row.version;
    }
  }
  return rebuilt_further(batch, lack);
}

/// A further acceptance has its content in a record or conflict of the same id.
std::optional<Version> Mending::rebuilt_further(const Batch& batch, const Lack& lack) const {
  const auto further =
      std::ranges::find_if(batch.source.leaves, [&](const LedgerLeafRow& row) { return is_at(lack, row); });
  if (further == batch.source.leaves.end() || !further->record_key) {
    return std::nullopt;
  }
  const Result<Leaf> leaf = parse_leaf(further->leaf);
  const EventLeaf* const event = leaf ? std::get_if<EventLeaf>(&leaf->content) : nullptr;
  if (event == nullptr) {
    return std::nullopt;
  }
  for (const LedgerRow& row : batch.source.rows) {
    if (!is_of(lack, row.version) || !row.salts.empty() || !row_claim(row, "").faults.empty()) {
      continue;
    }
    Version version = row.version;
    version.epoch_id = lack.epoch_id;
    version.leaf_index = lack.index;
    version.received_at = leaf->header.accept_at;
    version.effective_at = std::min(version.event.occurred_at, version.received_at);
    version.agent = parts_.found.name_of(lack.epoch_id).agent;
    version.arrival = event->arrival;
    version.ledger = LedgerPlace{event->tenant_seq, *further->record_key};
    if (leaf_hash(event_leaf(version)) == lack.hash) {
      return version;
    }
  }
  return std::nullopt;
}

Status Mending::put_back_versions(Batch& batch) {
  std::vector<Lack> sent;
  std::vector<Version> versions;
  for (const Lack& lack : batch.lacks) {
    if (lack.kind != Lack::Kind::kVersion) {
      continue;
    }
    const bool is_beside_what_is_odd = std::ranges::any_of(batch.target.rows, [&](const LedgerRow& row) {
      return is_of(lack, row.version) && row.salts.empty() && !row_claim(row, "").faults.empty();
    });
    const bool is_there =
        std::ranges::any_of(batch.target.rows, [&](const LedgerRow& row) { return is_at(lack, row.version); }) ||
        std::ranges::any_of(batch.target.leaves, [&](const LedgerLeafRow& row) { return is_at(lack, row); });
    std::optional<Version> version = is_there ? std::nullopt : rebuilt(batch, lack);
    if (is_beside_what_is_odd) {
      refuse(lack, "under this id lies something that is not as an agent writes it, and nothing is put beside it");
    } else if (is_there) {
      continue;  // It came meanwhile.
    } else if (!version) {
      refuse(lack, "the other store no longer has it whole");
    } else {
      sent.push_back(lack);
      versions.push_back(std::move(*version));
    }
  }
  if (sent.empty()) {
    return {};
  }
  Status restored = restore(sent, versions);
  return restored ? confirm(batch, sent) : restored;
}

/// All at once, or, where the store will not have some of them, one by one.
Status Mending::restore(const std::vector<Lack>& lacks, const std::vector<Version>& versions) {
  StoreMender& target = store(lacks.front().store);
  const auto offer = [&](std::span<const Version> some) {
    StoreStatus failed;
    for (int tries = 0; tries < kMostTries; ++tries) {
      failed = target.restore({lacks.front().epoch_id, some, {}});
      if (!failed || (failed->reaction != Reaction::kRetry && failed->reaction != Reaction::kRetrySmaller)) {
        break;
      }
    }
    return failed;
  };
  StoreStatus failed = offer(versions);
  if (!failed) {
    return {};
  }
  if (failed->reaction != Reaction::kPoison) {
    return store_failed(*failed, lacks.front().store);
  }
  for (std::size_t i = 0; i < versions.size(); ++i) {
    failed = offer(std::span(versions).subspan(i, 1));
    if (failed && failed->reaction != Reaction::kPoison) {
      return store_failed(*failed, lacks.front().store);
    }
    if (failed) {
      refuse(lacks[i], "the store will not have it: " + failed->words +
                           (failed->code.empty() ? "" : " (code " + failed->code + ")"));
    }
  }
  return {};
}

Status Mending::confirm(Batch& batch, const std::vector<Lack>& sent) {
  if (Status read_it = read(batch, batch.lacks.front().store, batch.target); !read_it) {
    return read_it;
  }
  for (const Lack& lack : sent) {
    const bool is_there = std::ranges::any_of(batch.target.rows,
                                              [&](const LedgerRow& row) {
                                                return is_at(lack, row.version) && row.version.ledger &&
                                                       leaf_hash(event_leaf(row.version)) == lack.hash;
                                              }) ||
                          std::ranges::any_of(batch.target.leaves, [&](const LedgerLeafRow& row) {
                            return is_at(lack, row) && leaf_hash(row.leaf) == lack.hash;
                          });
    if (is_there) {
      count(lack);
    } else {
      refuse(lack, "it was written, and does not lie there as it should");
    }
  }
  return {};
}

Status Mending::put_back_papers(const Batch& batch) {
  Restoration restoration;
  restoration.epoch_id = batch.lacks.front().epoch_id;
  restoration.ledger = part_of(batch.lacks);
  if (restoration.ledger.is_empty()) {
    return {};
  }
  const StoreSide side = batch.lacks.front().store;
  if (const StoreStatus failed = store(side).restore(restoration)) {
    return store_failed(*failed, side);
  }
  for (const Lack& lack : batch.lacks) {
    if (lack.kind != Lack::Kind::kVersion) {
      count(lack);
    }
  }
  return {};
}

}  // namespace twinlog
