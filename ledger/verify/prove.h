// Finds the proof of one event in stores, and checks it as its receiver will: what this gives is proved but for whose
// word it is, which the receiver's trust file says.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/proof/disclosure.h"
#include "ledger/proof/tlog_proof.h"
#include "ledger/verify/finding.h"
#include "plugins/api/proof_reader.h"

namespace twinlog {

/// Leaf hashes that are held at most: an epoch ends at 2^22 leaves (128 MiB), and the commit that reaches them may go a
/// little beyond.
inline constexpr std::uint64_t kMostProvedLeaves = (1ULL << 22U) + (1ULL << 16U);

struct StoreOfProof {
  StoreSide side = StoreSide::kPostgres;
  ProofReader& reader;
};

struct ProofOrder {
  EventKey key;
  std::optional<Digest> content_hash;           ///< Which of several versions; nothing: the record.
  std::optional<std::set<std::uint8_t>> shown;  ///< Fields to be disclosed beside 1 to 4; nothing: all.
};

struct ProofFiles {
  std::string proof;
  std::string disclosure;
};

struct ProofOutcome {
  enum class Kind : std::uint8_t {
    kProved,
    kRefused,   ///< What lies in the stores does not fit together.
    kNotThere,  ///< No store has it.
    kPending,   ///< No signed checkpoint covers its leaf yet.
  };
  Kind kind = Kind::kNotThere;
  std::optional<ProofFiles> files;   ///< Of kProved.
  std::vector<std::string> reasons;  ///< Otherwise, each a sentence without its full stop. No value of the event.
  std::string origin;                ///< As far as it is known.
  std::uint64_t index = 0;
  std::uint64_t tree_size = 0;
};

/// Row, beginning, checkpoint and tiles may each come from another store. An error: a store could not be read.
StoreResult<ProofOutcome> prove_event(std::span<const StoreOfProof> stores, const ProofOrder& order);

}  // namespace twinlog
