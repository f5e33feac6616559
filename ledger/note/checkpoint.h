// Checkpoints (C2SP tlog-checkpoint): a note of exactly three lines, origin, size and root. No extension lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/result.h"
#include "ledger/note/note.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog {

/// Leaves of one epoch.
inline constexpr std::uint64_t kMostTreeSize = 1ULL << 23U;

struct Checkpoint {
  std::string origin;
  TreeHead head = {};
  bool operator==(const Checkpoint&) const = default;
};

/// The three lines.
std::string checkpoint_body(const Checkpoint& checkpoint);
/// kInvalid unless it is exactly what checkpoint_body() gives, of a size from 1 to kMostTreeSize.
Result<Checkpoint> parse_checkpoint_body(std::string_view text);

struct SignedCheckpoint {
  Checkpoint checkpoint;
  SignedNote note;
};
Result<SignedCheckpoint> parse_checkpoint(std::string_view note);

/// Signed by `key`, whose name is the origin, and by the second one where there is one.
std::string sign_checkpoint(const TreeHead& head, const SigningKey& key, const SigningKey* second = nullptr);

}  // namespace twinlog
