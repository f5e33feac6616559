#include "ledger/proof/check_proof.h"

#include "ledger/note/origin.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog {
namespace {

/// The parts of both files, each of its form.
struct Parts {
  Leaf leaf;
  SignedCheckpoint checkpoint;
  Leaf open;
  SignedCheckpoint beginning;
};

Error within(std::string_view what, const Error& error) {
  return {error.kind(), std::string(what) + ": " + error.message()};
}

/// Copies, where the part is of its form.
template <typename Part>
Status take(Part& part, std::string_view what, Result<Part> parsed) {
  if (!parsed) {
    return within(what, parsed.error());
  }
  part = std::move(*parsed);
  return {};
}

Result<Parts> parts_of(const TlogProof& proof, const Disclosure& disclosure) {
  Parts parts;
  for (const Status& taken : {take(parts.leaf, "the proof's leaf", parse_leaf(proof.leaf)),
                              take(parts.checkpoint, "the proof's note", parse_checkpoint(proof.note)),
                              take(parts.open, "the disclosure's OPEN leaf", parse_leaf(disclosure.open)),
                              take(parts.beginning, "the disclosure's note", parse_checkpoint(disclosure.note))}) {
    if (!taken) {
      return taken.error();
    }
  }
  return parts;
}

/// Collects what does not hold.
class ProofCheck {
 public:
  ProofCheck(const TlogProof& proof, const Disclosure& disclosure, const Parts& parts)
      : proof_(proof), disclosure_(disclosure), parts_(parts) {}

  std::vector<std::string> reasons() {
    check_leaf();
    check_beginning();
    check_checkpoint();
    return std::move(reasons_);
  }

 private:
  void demand(bool holds, const char* reason) {
    if (!holds) {
      reasons_.emplace_back(reason);
    }
  }

  void check_leaf() {
    const auto* event = std::get_if<EventLeaf>(&parts_.leaf.content);
    demand(event != nullptr, "the leaf is not that of an event");
    demand(event != nullptr && event->content_root == content_root(disclosure_),
           "the disclosed fields are not those that the leaf speaks of: a value, a salt or a commitment was changed, "
           "added or left out");
    demand(parts_.leaf.header.index == proof_.index, "the leaf says another index than the proof");
    demand(epoch_of_origin(parts_.checkpoint.checkpoint.origin) == parts_.leaf.header.epoch_id,
           "the checkpoint is of another epoch than the leaf");
  }

  void check_beginning() {
    const auto* open = std::get_if<OpenLeaf>(&parts_.open.content);
    if (open == nullptr) {
      demand(false, "what stands for the OPEN leaf is another leaf");
      return;
    }
    const std::string& origin = parts_.checkpoint.checkpoint.origin;
    demand(open->origin == origin && parts_.open.header.epoch_id == parts_.leaf.header.epoch_id,
           "the OPEN leaf is of another epoch than the checkpoint");
    const TreeHead first{1, leaf_hash(disclosure_.open)};
    demand(parts_.beginning.checkpoint == Checkpoint{origin, first},
           "the note of size 1 does not say that the epoch began with this OPEN leaf");
    const Result<VerifierKey> key = parse_verifier_key(open->verifier_key);
    if (!key || key->name != origin) {
      demand(false, "the OPEN leaf holds no key of this epoch");
      return;
    }
    demand(signed_by(parts_.beginning.note, *key) == SignedBy::kYes, "the note of size 1 is not signed by the epoch");
    demand(signed_by(parts_.checkpoint.note, *key) == SignedBy::kYes, "the checkpoint is not signed by the epoch");
  }

  void check_checkpoint() {
    demand(is_included(leaf_hash(proof_.leaf), proof_.index, parts_.checkpoint.checkpoint.head, proof_.hashes),
           "the leaf is not in the tree of the checkpoint");
  }

  const TlogProof& proof_;
  const Disclosure& disclosure_;
  const Parts& parts_;
  std::vector<std::string> reasons_;
};

void check_trust(const Parts& parts, const TrustFile& trust, const Archive& archive,
                 std::vector<std::string>& reasons) {
  switch (authority_of(parts.beginning, trust, archive)) {
    case Authority::kTrusted:
      break;
    case Authority::kUnknown:
      reasons.emplace_back("no key of the trust file signed the beginning of the epoch");
      break;
    case Authority::kWrongSignature:
      reasons.emplace_back("the beginning of the epoch bears the name of a trusted key, and its signature is forged");
      break;
    case Authority::kRevoked:
      reasons.emplace_back("the key that signed the beginning of the epoch is revoked, and no archive has that note");
      break;
  }
  if (!counts(parts.checkpoint.checkpoint, trust)) {
    reasons.emplace_back("the epoch is revoked after fewer leaves than the checkpoint has");
  }
}

}  // namespace

Result<ProofReport> check_proof(const TlogProof& proof, const Disclosure& disclosure,
                                const std::optional<TrustFile>& trust, const Archive& archive) {
  const Result<Parts> parts = parts_of(proof, disclosure);
  if (!parts) {
    return parts.error();
  }
  ProofReport report;
  report.leaf = parts->leaf.header;
  report.origin = parts->checkpoint.checkpoint.origin;
  report.tree_size = parts->checkpoint.checkpoint.head.size;
  report.reasons = ProofCheck(proof, disclosure, *parts).reasons();
  if (trust) {
    check_trust(*parts, *trust, archive, report.reasons);
  }
  const ProofVerdict whole = trust ? ProofVerdict::kProved : ProofVerdict::kUnknownKey;
  report.verdict = report.reasons.empty() ? whole : ProofVerdict::kNotProved;
  return report;
}

Result<ProofReport> check_proof(std::string_view proof, std::string_view disclosure,
                                const std::optional<TrustFile>& trust, const Archive& archive) {
  const Result<TlogProof> parsed = parse_tlog_proof(proof);
  if (!parsed) {
    return parsed.error();
  }
  const Result<Disclosure> shown = parse_disclosure(disclosure);
  if (!shown) {
    return shown.error();
  }
  return check_proof(*parsed, *shown, trust, archive);
}

}  // namespace twinlog
