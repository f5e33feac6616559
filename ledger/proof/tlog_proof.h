// C2SP tlog-proof@v1: that a leaf lies in the tree of a checkpoint, as text that others' software reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/result.h"

namespace twinlog {

inline constexpr std::string_view kTlogProofHead = "c2sp.org/tlog-proof@v1";
inline constexpr std::size_t kMostProofHashes = 23;            ///< A tree has at most 2^23 leaves.
inline constexpr std::size_t kMostTlogProofBytes = 1U << 17U;  ///< The largest leaf and note, with room.

struct TlogProof {
  std::string leaf;  ///< The bytes that are proved (`extra`).
  std::uint64_t index = 0;
  std::vector<Digest> hashes = {};  ///< RFC 9162, section 2.1.3.
  std::string note;                 ///< The checkpoint as it was signed.
  bool operator==(const TlogProof&) const = default;
};

std::string tlog_proof_text(const TlogProof& proof);
/// kInvalid unless it is exactly what tlog_proof_text() gives. The note is not looked at (check_proof.h).
Result<TlogProof> parse_tlog_proof(std::string_view text);

}  // namespace twinlog
