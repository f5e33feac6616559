#include "ledger/verify/proof_material.h"

#include <algorithm>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/note/origin.h"
#include "ledger/tree/merkle.h"
#include "ledger/verify/row_leaf.h"

namespace twinlog {
namespace {

Error unfit(const std::string& words) {
  return {ErrorKind::kInvalid, words};
}

std::set<std::uint8_t> all_fields() {
  std::set<std::uint8_t> all;
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    all.insert(field);
  }
  return all;
}

}  // namespace

Result<ProvableVersion> provable_version(const LedgerRow& row, const std::optional<std::set<std::uint8_t>>& shown) {
  if (is_before_the_ledger(row)) {
    return unfit("the row is from before the ledger: no agent has signed anything about it");
  }
  const RowClaim claim = row_claim(row, "");
  if (!claim.has_hash || !claim.faults.empty()) {
    return unfit("the row is not as an agent wrote it: " + claim.faults);
  }
  const Version& version = row.version;
  const std::set<std::uint8_t> wanted = shown ? *shown : all_fields();
  ProvableVersion made;
  made.place = {version.epoch_id, version.leaf_index};
  made.hash = claim.hash;
  if (!claim.is_erased) {
    made.leaf = event_leaf(version);
    made.fields = disclose(version.event, version.ledger->record_key, wanted);
    return made;
  }
  const Result<KeptFields> kept = parse_salts(row.salts);
  const Result<Digest> root = kept ? content_root(version.event, *kept) : Result<Digest>(kept.error());
  if (!root) {
    return root.error();
  }
  made.leaf = event_leaf(version, *row.tenant_seq, *root);
  made.fields = disclose(version.event, *kept, wanted);
  return made;
}

Result<ProvenBeginning> proven_beginning(const LedgerEpochRow& row, const Uuid& epoch_id) {
  const Result<Leaf> leaf = parse_leaf(row.open);
  const auto* open = leaf ? std::get_if<OpenLeaf>(&leaf->content) : nullptr;
  const Result<SignedCheckpoint> note = parse_checkpoint(row.note);
  if (open == nullptr || !note) {
    return unfit("the beginning of the epoch is not an OPEN leaf and its note");
  }
  const Result<VerifierKey> key = parse_verifier_key(open->verifier_key);
  const bool is_of_epoch = leaf->header.epoch_id == epoch_id && epoch_of_origin(open->origin) == epoch_id;
  if (!key || !is_of_epoch || key->name != open->origin) {
    return unfit("the OPEN leaf is of another epoch, or holds no key of this one");
  }
  const Checkpoint first{open->origin, {1, leaf_hash(row.open)}};
  if (note->checkpoint != first || signed_by(note->note, *key) != SignedBy::kYes) {
    return unfit("the note of size 1 does not say, signed by the epoch, that it began with this OPEN leaf");
  }
  return ProvenBeginning{.open = row.open, .note = row.note, .origin = open->origin, .key = *key};
}

std::optional<CoveringNote> covering_note(const LedgerCheckpointRow& row, const ProvenBeginning& beginning,
                                          const LeafPlace& leaf) {
  const Result<SignedCheckpoint> note = parse_checkpoint(row.note);
  if (!note || note->checkpoint.origin != beginning.origin || note->checkpoint.head.size <= leaf.index ||
      signed_by(note->note, beginning.key) != SignedBy::kYes) {
    return std::nullopt;
  }
  return CoveringNote{.note = row.note, .head = note->checkpoint.head};
}

void TileHashes::take(const LedgerTileRow& tile) {
  const std::uint64_t size = hashes_.size();
  if (tile.first_index >= size) {
    return;
  }
  const std::uint64_t count = std::min<std::uint64_t>(tile.hashes.size() / sizeof(Digest), size - tile.first_index);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t index = tile.first_index + i;
    if (!is_there_[index]) {
      const auto hash =
          array_from<sizeof(Digest)>(std::string_view(tile.hashes).substr(i * sizeof(Digest), sizeof(Digest)));
      hashes_[index] = hash.value_or(Digest{});
      is_there_[index] = true;
    }
  }
}

std::optional<std::uint64_t> TileHashes::first_hole() const {
  const auto found = std::find(is_there_.begin(), is_there_.end(), false);
  return found == is_there_.end() ? std::nullopt : std::optional(static_cast<std::uint64_t>(found - is_there_.begin()));
}

}  // namespace twinlog
