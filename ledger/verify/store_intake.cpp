#include "ledger/verify/store_intake.h"

#include <utility>

#include "ledger/leaf/leaf.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/merkle.h"
#include "ledger/verify/row_leaf.h"

namespace twinlog {
namespace {

SortSettings smaller(SortSettings settings) {
  settings.memory_bytes /= 2;
  return settings;
}

std::string_view piece(const std::string& hashes, std::uint64_t at) {
  return std::string_view(hashes).substr(static_cast<std::size_t>(at) * sizeof(Digest), sizeof(Digest));
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out.append(out.empty() ? "" : "; ").append(word);
  }
  return out;
}

}  // namespace

StoreIntake::StoreIntake(Parts parts)
    : parts_(std::move(parts)),
      leaves_(parts_.sorting),
      events_(smaller(parts_.sorting)),
      accounts_(smaller(parts_.sorting)),
      epochs_(parts_.book) {}

StoreStatus StoreIntake::run() {
  if (StoreStatus failed = parts_.reader.begin_snapshot()) {
    return failed;
  }
  StoreStatus failed = read_tables();
  parts_.reader.end_snapshot();
  return failed;
}

StoreStatus StoreIntake::read_tables() {
  LedgerReader& reader = parts_.reader;
  StoreStatus failed = reader.accounts([this](LedgerAccountRow&& row) { return take(std::move(row)); });
  if (!failed) {
    failed = reader.tiles([this](LedgerTileRow&& row) { return take(std::move(row)); });
  }
  if (!failed) {
    failed = reader.leaves([this](LedgerLeafRow&& row) { return take(std::move(row)); });
  }
  return failed ? failed : read_rows();
}

StoreStatus StoreIntake::read_rows() {
  EpochLookup epochs(parts_.book);
  RowLane lane([this, &epochs](HashedRow& row) { hash(row, epochs); },
               [this](HashedRow&& row) { return take(std::move(row)); });
  if (StoreStatus failed = parts_.reader.rows([&lane](LedgerRow&& row) { return lane.add(std::move(row)); })) {
    return failed;
  }
  const Status finished = lane.finish();
  return finished.ok() ? StoreStatus()
                       : StoreError{Reaction::kHold, {}, {}, finished.error().message(), StoreStage::kConnect};
}

Status StoreIntake::finish() {
  for (SortedFile* file : {&leaves_, &events_, &accounts_}) {
    if (Status finished = file->finish(); !finished) {
      return finished;
    }
  }
  return {};
}

void StoreIntake::tell(Verdict verdict, std::string detail, const std::string& origin) {
  Finding finding;
  finding.verdict = verdict;
  finding.store = parts_.side;
  finding.origin = origin;
  finding.detail = std::move(detail);
  parts_.log.add(finding);
}

void StoreIntake::add_stranger(const Uuid& id, std::uint64_t index, std::string tenant_id, std::string log_id) {
  const bool has_room = strangers.size() < kMostStrangeEpochs || strangers.contains(id);
  StrangeEpoch& stranger = strangers[has_room ? id : Uuid{}];
  if (++stranger.rows == 1) {
    stranger.first_index = index;
    stranger.tenant_id = std::move(tenant_id);
    stranger.log_id = std::move(log_id);
  }
}

Status StoreIntake::take_opening(std::uint32_t epoch, std::string_view open) {
  RowClaim claim;
  claim.store = parts_.side;
  claim.kind = RowClaim::Kind::kOwn;
  claim.has_hash = true;
  claim.hash = leaf_hash(open);
  claim.leaf = open;
  if (const Result<Leaf> leaf = parse_leaf(open)) {
    claim.accept_at = leaf->header.accept_at;
  }
  buffer_.clear();
  put_claim(buffer_, {epoch, 0}, claim);
  return leaves_.add(buffer_);
}

Status StoreIntake::take(LedgerAccountRow&& row) {
  ++account_rows;
  AccountRowClaim claim;
  claim.tenant_id = row.key.tenant_id;
  claim.account = std::move(row.account);
  claim.state = std::move(row.state);
  claim.faults = joined(row.faults);
  return accounts_.add(account_row_record(parts_.side, pair_digest(row.key.tenant_id, row.key.account), claim));
}

Status StoreIntake::take(LedgerTileRow&& row) {
  const auto epoch = epochs_.find(row.epoch_id);
  if (!epoch) {
    add_stranger(row.epoch_id, row.first_index, {}, {});
    return {};
  }
  EpochFacts& facts = epochs_.facts();
  const bool is_whole = row.leaf_count > 0 && row.leaf_count <= kMostTreeLeaves && row.first_index < kMostTreeLeaves &&
                        row.hashes.size() == row.leaf_count * sizeof(Digest) &&
                        row.first_index + row.leaf_count <= kMostTreeLeaves;
  if (!is_whole) {
    tell(Verdict::kModified,
         "tile at " + std::to_string(row.first_index) +
             " has not as many hashes as leaf_count says, or lies beyond any tree",
         facts.name());
    return {};
  }
  const std::uint64_t end = row.first_index + row.leaf_count;
  auto& tile_end = facts.tile_end.at(static_cast<std::size_t>(parts_.side));
  tile_end = std::max(tile_end, end);
  for (std::uint64_t i = facts.is_skipped ? row.leaf_count : 0; i < row.leaf_count; ++i) {
    TileClaim claim;
    claim.store = parts_.side;
    claim.hash = array_from<32>(piece(row.hashes, i)).value_or(Digest{});
    claim.first_at = i == 0 ? std::optional(row.first_accept_at) : std::nullopt;
    claim.last_at = i + 1 == row.leaf_count ? std::optional(row.last_accept_at) : std::nullopt;
    buffer_.clear();
    put_claim(buffer_, {*epoch, row.first_index + i}, claim);
    if (Status added = leaves_.add(buffer_); !added) {
      return added;
    }
  }
  return {};
}

Status StoreIntake::take(LedgerLeafRow&& row) {
  const auto epoch = epochs_.find(row.epoch_id);
  if (!epoch || row.leaf_index >= kMostTreeLeaves) {
    add_stranger(row.epoch_id, row.leaf_index, row.tenant_id.value_or(""), row.log_id.value_or(""));
    return {};
  }
  if (epochs_.facts().is_skipped) {
    return {};
  }
  const LeafSpot spot{*epoch, row.leaf_index};
  RowClaim claim;
  claim.store = parts_.side;
  claim.kind = RowClaim::Kind::kOwn;
  claim.has_hash = true;
  claim.hash = leaf_hash(row.leaf);
  const Result<Leaf> leaf = parse_leaf(row.leaf);
  const EventLeaf* event = leaf ? std::get_if<EventLeaf>(&leaf->content) : nullptr;
  if (leaf) {
    claim.accept_at = leaf->header.accept_at;
  }
  if (event != nullptr) {
    claim.kind = RowClaim::Kind::kFurther;
    claim.is_bare = !row.record_key && row.salts.empty();
    claim.tenant_seq = event->tenant_seq;
    claim.tenant_id = row.tenant_id.value_or("");
    claim.log_id = row.log_id.value_or("");
    if (!row.tenant_id || !row.log_id || row.tenant_seq != event->tenant_seq) {
      claim.faults = "tenant_id, log_id or tenant_seq of a further acceptance";
    }
    if (Status added = add_further(row, *event, spot); !added) {
      return added;
    }
  } else {
    claim.leaf = row.leaf;
    if (row.tenant_id || row.log_id || row.tenant_seq || row.record_key || !row.salts.empty()) {
      claim.faults = "columns of a further acceptance beside a leaf of the agent's own";
    }
  }
  buffer_.clear();
  put_claim(buffer_, spot, claim);
  return leaves_.add(buffer_);
}

Status StoreIntake::add_further(const LedgerLeafRow& row, const EventLeaf& leaf, LeafSpot spot) {
  EventClaim claim;
  claim.store = parts_.side;
  claim.kind = RowClaim::Kind::kFurther;
  claim.spot = spot;
  claim.tenant_id = row.tenant_id.value_or("");
  claim.log_id = row.log_id.value_or("");
  claim.key_digest = pair_digest(claim.tenant_id, claim.log_id);
  claim.record_key = row.record_key;
  claim.salts = row.salts;
  claim.content_root = leaf.content_root;
  further_keys_.insert(claim.key_digest);
  return events_.add(event_claim_record(claim));
}

/// What takes long and depends on nothing but the row and its epoch.
void StoreIntake::hash(HashedRow& hashed, EpochLookup& epochs) const {
  const Version& version = hashed.row.version;
  hashed.key_digest = pair_digest(version.event.tenant_id, version.event.log_id);
  if (is_before_the_ledger(hashed.row)) {
    return;
  }
  if (epochs.find(version.epoch_id) && !epochs.facts().is_skipped) {
    hashed.claim = row_claim(hashed.row, epochs.facts().agent);
  }
}

Status StoreIntake::take(HashedRow&& hashed) {
  const LedgerRow& row = hashed.row;
  ++(row.is_conflict ? conflicts : records);
  if (parts_.progress != nullptr) {
    parts_.progress->rows.fetch_add(1, std::memory_order_relaxed);
  }
  if (!row.salts.empty()) {
    erased.add(row.version);
  }
  if (is_before_the_ledger(row)) {
    return take_early_row(std::move(hashed));
  }
  const auto epoch = epochs_.find(row.version.epoch_id);
  if (!epoch || row.version.leaf_index >= kMostTreeLeaves) {
    add_stranger(row.version.epoch_id, row.version.leaf_index, row.version.event.tenant_id, row.version.event.log_id);
  } else if (hashed.claim) {
    if (Status added = add_row_claim(hashed, *epoch); !added) {
      return added;
    }
  }
  const LeafSpot spot{epoch.value_or(kNoEpoch), row.version.leaf_index};
  if (Status added = add_event_claim(hashed, spot); !added) {
    return added;
  }
  return add_account_claims(std::move(hashed.row), spot);
}

Status StoreIntake::take_early_row(HashedRow&& hashed) {
  const LedgerRow& row = hashed.row;
  if (parts_.unproved_before && row.version.received_at < *parts_.unproved_before) {
    ++unproved;
  } else {
    Finding finding;
    finding.verdict = Verdict::kForeign;
    finding.store = parts_.side;
    finding.tenant_id = row.version.event.tenant_id;
    finding.log_id = row.version.event.log_id;
    finding.detail = std::string(row.is_conflict ? "conflict" : "record") + " without a place in the ledger";
    finding.until = row.version.received_at;
    parts_.log.add(finding);
  }
  const LeafSpot spot{kNoEpoch, row.version.leaf_index};
  if (Status added = add_event_claim(hashed, spot); !added) {
    return added;
  }
  return add_account_claims(std::move(hashed.row), spot);
}

Status StoreIntake::add_row_claim(HashedRow& hashed, std::uint32_t epoch) {
  hashed.claim->store = parts_.side;
  buffer_.clear();
  put_claim(buffer_, {epoch, hashed.row.version.leaf_index}, *hashed.claim);
  return leaves_.add(buffer_);
}

Status StoreIntake::add_event_claim(HashedRow& hashed, LeafSpot spot) {
  const LedgerRow& row = hashed.row;
  EventClaim claim;
  claim.store = parts_.side;
  claim.kind = row.is_conflict ? RowClaim::Kind::kConflict : RowClaim::Kind::kRecord;
  claim.spot = spot;
  claim.has_conflict = row.has_conflict;
  claim.is_erased = !row.salts.empty();
  claim.tenant_id = row.version.event.tenant_id;
  claim.log_id = row.version.event.log_id;
  claim.key_digest = std::move(hashed.key_digest);
  if (further_keys_.contains(claim.key_digest)) {
    claim.content = canonical_content(row.version.event);
  }
  return events_.add(event_claim_record(claim));
}

Status StoreIntake::add_account_claims(LedgerRow&& row, LeafSpot spot) {
  const std::vector<std::string> accounts = accounts_of(row.version.event);
  if (accounts.empty()) {
    return {};
  }
  AccountClaim claim;
  claim.store = parts_.side;
  claim.spot = spot;
  claim.is_erased = !row.salts.empty();
  claim.version = std::move(row.version);
  if (claim.is_erased) {
    claim.version.content_hash = {};
  }
  for (const std::string& account : accounts) {
    if (Status added = accounts_.add(account_claim_record(pair_digest(claim.version.event.tenant_id, account), claim));
        !added) {
      return added;
    }
  }
  return {};
}

}  // namespace twinlog
