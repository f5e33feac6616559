// What a proof is made of, taken from rows that nobody vouches for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/note/checkpoint.h"
#include "ledger/note/verifier_key.h"
#include "ledger/proof/disclosure.h"
#include "plugins/api/proof_reader.h"

namespace twinlog {

/// A version with its leaf, made again from its columns.
struct ProvableVersion {
  LeafPlace place;
  std::string leaf;
  Digest hash{};
  std::map<std::uint8_t, DisclosedField> fields;
};
/// `shown`: nothing for all fields. kInvalid in words without a value: the row is not as an agent wrote it.
Result<ProvableVersion> provable_version(const LedgerRow& row, const std::optional<std::set<std::uint8_t>>& shown);

/// How an epoch began, signed by its own key.
struct ProvenBeginning {
  std::string open;
  std::string note;
  std::string origin;
  VerifierKey key;
};
Result<ProvenBeginning> proven_beginning(const LedgerEpochRow& row, const Uuid& epoch_id);

struct CoveringNote {
  std::string note;
  TreeHead head;
};
/// Where the row's note is a checkpoint of that epoch over the leaf, signed by it.
std::optional<CoveringNote> covering_note(const LedgerCheckpointRow& row, const ProvenBeginning& beginning,
                                          const LeafPlace& leaf);

/// The leaf hashes of a tree, out of tiles in any order; where tiles overlap, the first one counts.
class TileHashes {
 public:
  explicit TileHashes(std::uint64_t size) : hashes_(size), is_there_(size) {}
  void take(const LedgerTileRow& tile);
  /// The first index without a hash.
  std::optional<std::uint64_t> first_hole() const;
  const std::vector<Digest>& hashes() const { return hashes_; }

 private:
  std::vector<Digest> hashes_;
  std::vector<bool> is_there_;
};

}  // namespace twinlog
