// Whether a proof and its disclosure prove an event: offline, from nothing but the two files and the keys that the
// reader trusts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/leaf/leaf.h"
#include "ledger/note/archive.h"
#include "ledger/note/trust_file.h"
#include "ledger/proof/disclosure.h"
#include "ledger/proof/tlog_proof.h"

namespace twinlog {

enum class ProofVerdict : std::uint8_t {
  kProved,      ///< Exit 0.
  kNotProved,   ///< Exit 1.
  kUnknownKey,  ///< Exit 2: it holds together, and there is no trust file that says whose word it is.
};

struct ProofReport {
  ProofVerdict verdict = ProofVerdict::kNotProved;
  /// Why it is not proved, each a sentence without its full stop; empty where it is.
  std::vector<std::string> reasons;
  /// What was proved, or would be. Meaningful whatever the verdict; hostile text where it is not kProved.
  LeafHeader leaf;
  std::string origin;
  std::uint64_t tree_size = 0;
};

/// kInvalid where proof, disclosure, a leaf or a note in them is not of its form (exit 3), in words that say which.
/// `trust`: nothing where no trust file was given.
Result<ProofReport> check_proof(std::string_view proof, std::string_view disclosure,
                                const std::optional<TrustFile>& trust, const Archive& archive);

/// The same of what is in memory already (twinlog prove checks itself before it writes).
Result<ProofReport> check_proof(const TlogProof& proof, const Disclosure& disclosure,
                                const std::optional<TrustFile>& trust, const Archive& archive);

}  // namespace twinlog
