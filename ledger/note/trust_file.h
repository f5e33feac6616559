// The file of --trust: whose word counts. One statement a line; what stands behind a # at the begin of a word is a
// comment.
//
//   <verifier key text> [origin prefix]     an enrolment key, or an epoch's own key, which authorises that epoch alone
//   revoked <key name>                      what it authorised counts only where an archive has its note of size 1
//   revoked <origin> after <size>           what that epoch signed over more leaves does not count
//   unproved before <RFC 3339> [<rows>]     rows without a leaf, from before the ledger, are accepted
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "ledger/note/archive.h"
#include "ledger/note/checkpoint.h"
#include "ledger/note/verifier_key.h"

namespace twinlog {

inline constexpr std::size_t kMostTrustFileBytes = 1U << 20U;

struct TrustedKey {
  VerifierKey key;
  std::string origin_prefix;  ///< Text that the origins begin with; "": of every epoch.
  bool operator==(const TrustedKey&) const = default;
};

struct UnprovedRows {
  UtcMicros before = 0;               ///< Rows without a leaf received earlier are accepted ...
  std::optional<std::uint64_t> rows;  ///< ... where each store has exactly so many.
  bool operator==(const UnprovedRows&) const = default;
};

struct TrustFile {
  std::vector<TrustedKey> keys;
  std::set<std::string> revoked_keys;                  ///< Names.
  std::map<std::string, std::uint64_t> revoked_after;  ///< Origin to the largest size that counts.
  std::optional<UnprovedRows> unproved;
  bool operator==(const TrustFile&) const = default;
};

/// kInvalid names the line and says what is wrong with it. A file without a key is a mistake, too.
Result<TrustFile> parse_trust_file(std::string_view text);

/// What the trusted keys say of the beginning of an epoch.
enum class Authority : std::uint8_t {
  kTrusted,
  kUnknown,         ///< No trusted key signed it.
  kWrongSignature,  ///< It bears a trusted key's name and id, and the signature does not hold.
  kRevoked,         ///< Only keys that are revoked signed it, and the archive does not have it.
};
/// `beginning` is the note of size 1. A key in whose name an epoch ends (its own) speaks for that epoch alone.
Authority authority_of(const SignedCheckpoint& beginning, const TrustFile& trust, const Archive& archive);

/// Whether any of the keys, revoked or not, is one for epochs of such an origin.
bool has_speaker(const TrustFile& trust, std::string_view origin);

/// False for a size behind that at which the origin was revoked.
bool counts(const Checkpoint& checkpoint, const TrustFile& trust);

}  // namespace twinlog
