// The lockout mirror: the state of one account as a pure function of the set of versions that speak to it (see
// docs/EVENTS.md, Accounts), kept in constant space and constant work per version, whatever the order of arrival.
//
// Invariants
//  1. Registers only move forward in position; merging the same set of versions in any order and any batches gives the
//     same shown state as the plain fold over the sorted set.
//  2. Each version must be merged exactly once. The store decides which versions are new: PostgreSQL by what the insert
//     really inserted, the document store by the marks.
//  3. An undefined failure (login_failed without a stated number) can never share a position prefix with a defining
//     event so that it sorts after it at the same effective_at: its rank is 0 and its stated value -1, the lowest. So a
//     recount is over `effective_at > attempts.position.effective_at` alone.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// Attempts never exceed this when shown (docs/EVENTS.md).
inline constexpr std::int64_t kMostAttempts = std::numeric_limits<std::int32_t>::max();

/// Where an event stands in an account's history; compared as a whole, text and hashes bytewise (unsigned).
struct Position {
  UtcMicros effective_at = 0;
  std::uint8_t rank = 0;     ///< failed 0 < success 1 < reset 2 < locked 3
  std::int64_t stated = -1;  ///< Stated attempts or -1.
  std::string log_id;
  Digest content_hash{};
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the compiler's own code for ours
  auto operator<=>(const Position&) const = default;
};
Position position_of(const Version& version);

/// What everybody sees of an account: the columns of account_lockouts.
struct ShownAccount {
  std::int32_t failed_login_attempts = 0;
  std::optional<UtcMicros> account_locked_until;
  LockKind lock_kind = LockKind::kNone;
  std::optional<std::string> lock_reason;
  std::optional<UtcMicros> last_failed_at;
  std::optional<UtcMicros> last_success_at;
  std::optional<UtcMicros> last_locked_at;
  std::optional<UtcMicros> last_reset_at;
  std::optional<std::string> organisation_id;  ///< Of the newest base-four event, as are the two below.
  std::string log_id;
  UtcMicros effective_at = 0;
  bool operator==(const ShownAccount&) const = default;
};

/// The registers behind it (DECISIONS.md). A default-constructed state is an account without any event.
struct AccountState {
  struct Attempts {
    Position position;
    std::int64_t value = 0;
    bool operator==(const Attempts&) const = default;
  };
  struct Lock {
    Position position;
    LockKind kind = LockKind::kNone;
    std::optional<UtcMicros> until;
    std::optional<std::string> reason;
    bool operator==(const Lock&) const = default;
  };
  struct Newest {
    Position position;
    std::optional<std::string> organisation_id;
    bool operator==(const Newest&) const = default;
  };
  /// How far one epoch has been applied to this account, and when that was last moved (document store only).
  struct Mark {
    std::uint64_t leaf_index = 0;
    UtcMicros moved_at = 0;
    bool operator==(const Mark&) const = default;
  };

  std::optional<Attempts> attempts;  ///< Newest event that defines the number.
  std::uint64_t failures_after = 0;  ///< Undefined failures after that position.
  std::optional<Lock> lock;          ///< Newest of locked, a failure that carries a lock, reset.
  std::optional<Position> success;   ///< Newest login_success.
  std::optional<Newest> newest;      ///< Newest base-four event.
  std::optional<UtcMicros> last_failed_at, last_success_at, last_locked_at, last_reset_at;
  std::map<Uuid, Mark> marks;

  bool operator==(const AccountState&) const = default;
};

/// Whether `failures_after` of the state must be counted anew from the store.
enum class Recount : std::uint8_t { kNotNeeded, kNeeded };

/// Merges versions that were never merged into `state` before. On kNeeded the caller counts the undefined failures of
/// this account with effective_at > state.attempts->position.effective_at among all versions merged so far, these
/// included, and puts the number into state.failures_after. Needed only where a defining event arrived later than an
/// undefined failure that lies behind it; never for versions that come in order, however many they are.
/// Versions that do not speak to this account's key must not be passed. Pure.
Recount merge(AccountState& state, const std::vector<const Version*>& versions);

/// The shown state. `state` must have seen at least one event: an account without one has no row.
ShownAccount shown(const AccountState& state);

/// True for a login_failed without a stated number: what failures_after counts.
bool is_undefined_failure(const AuthEvent& event);

/// The bytes kept in both stores beside the shown columns (layout: ledger/lockout/FORMAT.md), and back. Decoding takes
/// exactly what encoding writes and answers kCorrupt to everything else; what it allocates is bounded by the size of
/// the bytes.
std::string encode_account_state(const AccountState& state);
Result<AccountState> decode_account_state(std::string_view bytes);

/// `(tenant_id, account)`
struct AccountKey {
  std::string tenant_id;
  std::string account;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the compiler's own code for ours
  auto operator<=>(const AccountKey&) const = default;
};

/// The versions of a batch by the account they speak to, accounts in bytewise order.
std::map<AccountKey, std::vector<const Version*>> by_account(const std::vector<const Version*>& versions);

}  // namespace twinlog
