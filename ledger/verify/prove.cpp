#include "ledger/verify/prove.h"

#include <algorithm>
#include <utility>

#include "ledger/proof/check_proof.h"
#include "ledger/verify/proof_material.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostNotesRead = 64;   // Of a store: it may hold any number of forged ones.
constexpr std::size_t kMostNotesTried = 3;   // Signed ones, each with the tiles of every store: both halves of a fork.
constexpr std::uint64_t kMostTileReads = 4;  // Times the tree: tiles that are there twice and thrice.

class ProofSearch {
 public:
  ProofSearch(std::span<const StoreOfProof> stores, const ProofOrder& order) : stores_(stores), order_(order) {}
  StoreResult<ProofOutcome> run();

 private:
  StoreStatus find_versions();
  StoreStatus try_version(const ProvableVersion& version);
  StoreStatus try_notes(const ProvableVersion& version, const ProvenBeginning& beginning,
                        const std::vector<CoveringNote>& notes);
  StoreStatus find_beginnings(const Uuid& epoch_id, std::vector<ProvenBeginning>& beginnings);
  StoreStatus find_notes(const ProvenBeginning& beginning, const LeafPlace& place, std::vector<CoveringNote>& notes);
  StoreStatus try_tiles(const StoreOfProof& store, const ProvableVersion& version, const ProvenBeginning& beginning,
                        const CoveringNote& note);
  void finish(const ProvableVersion& version, const ProvenBeginning& beginning, const CoveringNote& note,
              std::vector<Digest> path);
  void refuse(StoreSide side, const std::string& words) {
    outcome_.kind = ProofOutcome::Kind::kRefused;
    outcome_.reasons.push_back(std::string(side_text(side)) + ": " + words);
  }
  bool is_wanted(const LedgerRow& row) const {
    return order_.content_hash ? row.has_content_hash && row.version.content_hash == *order_.content_hash
                               : !row.is_conflict;
  }
  bool is_done() const { return outcome_.kind == ProofOutcome::Kind::kProved; }

  std::span<const StoreOfProof> stores_;
  const ProofOrder& order_;
  ProofOutcome outcome_;
  std::vector<ProvableVersion> versions_;
};

StoreResult<ProofOutcome> ProofSearch::run() {
  if (auto failed = find_versions()) {
    return *std::move(failed);
  }
  for (const ProvableVersion& version : versions_) {
    if (auto failed = try_version(version)) {
      return *std::move(failed);
    }
    if (is_done()) {
      outcome_.reasons.clear();
      break;
    }
  }
  return std::move(outcome_);
}

/// Stores need not have the same version as their record.
StoreStatus ProofSearch::find_versions() {
  for (const StoreOfProof& store : stores_) {
    auto rows = store.reader.versions(order_.key);
    if (!rows) {
      return std::move(rows).error();
    }
    for (const LedgerRow& row : *rows) {
      if (!is_wanted(row)) {
        continue;
      }
      Result<ProvableVersion> made = provable_version(row, order_.shown);
      if (!made) {
        refuse(store.side, made.error().message());
      } else if (std::ranges::none_of(versions_, [&](const auto& one) { return one.hash == made->hash; })) {
        versions_.push_back(std::move(*made));
      }
    }
  }
  return std::nullopt;
}

StoreStatus ProofSearch::try_version(const ProvableVersion& version) {
  std::vector<ProvenBeginning> beginnings;
  if (auto failed = find_beginnings(version.place.epoch_id, beginnings)) {
    return failed;
  }
  for (const ProvenBeginning& beginning : beginnings) {
    outcome_.origin = beginning.origin;
    outcome_.index = version.place.index;
    std::vector<CoveringNote> notes;
    if (auto failed = find_notes(beginning, version.place, notes)) {
      return failed;
    }
    if (notes.empty() && outcome_.kind != ProofOutcome::Kind::kRefused) {
      outcome_.kind = ProofOutcome::Kind::kPending;
    }
    if (auto failed = try_notes(version, beginning, notes); failed || is_done()) {
      return failed;
    }
  }
  return std::nullopt;
}

StoreStatus ProofSearch::try_notes(const ProvableVersion& version, const ProvenBeginning& beginning,
                                   const std::vector<CoveringNote>& notes) {
  for (const CoveringNote& note : notes) {
    for (const StoreOfProof& store : stores_) {
      auto failed = try_tiles(store, version, beginning, note);
      if (failed || is_done()) {
        return failed;
      }
    }
  }
  return std::nullopt;
}

StoreStatus ProofSearch::find_beginnings(const Uuid& epoch_id, std::vector<ProvenBeginning>& beginnings) {
  for (const StoreOfProof& store : stores_) {
    auto row = store.reader.epoch(epoch_id);
    if (!row) {
      return std::move(row).error();
    }
    if (!*row) {
      continue;
    }
    Result<ProvenBeginning> made = proven_beginning(**row, epoch_id);
    if (!made) {
      refuse(store.side, made.error().message());
    } else if (std::ranges::none_of(beginnings, [&](const auto& one) { return one.note == made->note; })) {
      beginnings.push_back(std::move(*made));
    }
  }
  if (beginnings.empty()) {
    outcome_.kind = ProofOutcome::Kind::kRefused;
    outcome_.reasons.push_back("no store says how the epoch " + uuid_text(epoch_id) + " began");
  }
  return std::nullopt;
}

StoreStatus ProofSearch::find_notes(const ProvenBeginning& beginning, const LeafPlace& place,
                                    std::vector<CoveringNote>& notes) {
  for (const StoreOfProof& store : stores_) {
    auto rows = store.reader.checkpoints(place, kMostNotesRead);
    if (!rows) {
      return std::move(rows).error();
    }
    for (const LedgerCheckpointRow& row : *rows) {
      auto note = covering_note(row, beginning, place);
      if (note && std::ranges::none_of(notes, [&](const auto& one) { return one.head == note->head; })) {
        notes.push_back(std::move(*note));
      }
    }
  }
  std::ranges::stable_sort(notes, {}, [](const CoveringNote& note) { return note.head.size; });
  notes.resize(std::min(notes.size(), kMostNotesTried));
  return std::nullopt;
}

StoreStatus ProofSearch::try_tiles(const StoreOfProof& store, const ProvableVersion& version,
                                   const ProvenBeginning& beginning, const CoveringNote& note) {
  const std::uint64_t size = note.head.size;
  if (size > kMostProvedLeaves) {
    refuse(store.side, "the smallest checkpoint over the leaf is over more leaves than an epoch has");
    return std::nullopt;
  }
  TileHashes tiles(size);
  std::uint64_t read = 0;
  bool has_too_many = false;
  auto failed = store.reader.tiles(version.place.epoch_id, size, [&](LedgerTileRow&& tile) -> Status {
    read += tile.hashes.size() / sizeof(Digest);
    tiles.take(tile);
    // A flush reaches beyond the checkpoint by its own size at most.
    has_too_many = read > kMostTileReads * (size + kMostProvedLeaves / kMostTileReads);
    return has_too_many ? Status(Error(ErrorKind::kRefused, "ledger_tiles holds more than the tree")) : Status();
  });
  if (failed && !has_too_many) {
    return failed;
  }
  if (has_too_many) {
    refuse(store.side, "ledger_tiles holds many times the leaves of the epoch");
  } else if (const auto hole = tiles.first_hole()) {
    refuse(store.side, "no tile has the hash of leaf " + std::to_string(*hole));
  } else if (tiles.hashes()[version.place.index] != version.hash) {
    refuse(store.side, "the row is not what leaf " + std::to_string(version.place.index) + " of " + beginning.origin +
                           " was: it was changed, or its tile was");
  } else {
    std::vector<Digest> path = inclusion_proof(tiles.hashes(), version.place.index);
    if (is_included(version.hash, version.place.index, note.head, path)) {
      finish(version, beginning, note, std::move(path));
    } else {
      refuse(store.side, "the tiles do not give the root of the checkpoint over " + std::to_string(size) +
                             " leaves of " + beginning.origin);
    }
  }
  return std::nullopt;
}

/// Looks at the very bytes that will be written, as their receiver will.
void ProofSearch::finish(const ProvableVersion& version, const ProvenBeginning& beginning, const CoveringNote& note,
                         std::vector<Digest> path) {
  ProofFiles files;
  files.proof = tlog_proof_text(
      {.leaf = version.leaf, .index = version.place.index, .hashes = std::move(path), .note = note.note});
  files.disclosure = disclosure_text({.open = beginning.open, .note = beginning.note, .fields = version.fields});
  const Result<ProofReport> report = check_proof(files.proof, files.disclosure, std::nullopt, Archive{});
  if (!report || !report->reasons.empty()) {
    outcome_.kind = ProofOutcome::Kind::kRefused;
    outcome_.reasons.push_back(report ? report->reasons.front() : report.error().message());
    return;
  }
  outcome_.kind = ProofOutcome::Kind::kProved;
  outcome_.files = std::move(files);
  outcome_.origin = beginning.origin;
  outcome_.index = version.place.index;
  outcome_.tree_size = note.head.size;
}

}  // namespace

StoreResult<ProofOutcome> prove_event(std::span<const StoreOfProof> stores, const ProofOrder& order) {
  return ProofSearch(stores, order).run();
}

}  // namespace twinlog
