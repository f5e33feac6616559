// A person's word that an epoch has ended whose spool is gone: a note of five lines, signed with the enrolment key.
#pragma once

#include <string>
#include <string_view>

#include "ledger/base/result.h"
#include "ledger/note/note.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog {

inline constexpr std::size_t kMostReasonBytes = 200;

struct Retirement {
  std::string origin;
  TreeHead head = {};  ///< What the stores held.
  std::string reason;  ///< One line of 1 to kMostReasonBytes bytes (is_retirement_reason()).
  bool operator==(const Retirement&) const = default;
};

/// UTF-8 without control characters, neither empty nor longer than kMostReasonBytes.
bool is_retirement_reason(std::string_view reason);

/// The five lines: twinlog.retired/v1, origin, size, root, reason.
std::string retirement_body(const Retirement& retirement);
/// kInvalid unless it is exactly what retirement_body() gives, of a size from 1 to kMostTreeSize.
Result<Retirement> parse_retirement_body(std::string_view text);

struct SignedRetirement {
  Retirement retirement;
  SignedNote note;
};
Result<SignedRetirement> parse_retirement(std::string_view note);

/// Signed by the enrolment key.
std::string sign_retirement(const Retirement& retirement, const SigningKey& key);

}  // namespace twinlog
