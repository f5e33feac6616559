// AuthEvent: the content of one authentication event after normalisation (docs/EVENTS.md), and Version: an
// accepted event together with everything the agent added when it took it.
//
// Invariants
//  1. An AuthEvent exists only in normalised form: valid UTF-8 without NUL, lone surrogates or C0, limits kept,
//     redaction done. The event reader makes it from input, parse_content from canonical bytes; nothing else does.
//  2. Absent is std::nullopt, never "" (docs/EVENTS.md: missing strings are absent).
//  3. canonical_content(event) is the one byte form: the spool keeps it, content_hash is SHA-256 of it, both stores
//     are written from it, and reading a record back from either store gives the same bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"

namespace twinlog {

enum class LockKind : std::uint8_t { kNone = 0, kTemporary = 1, kPermanent = 2 };
std::string_view lock_kind_text(LockKind kind);  ///< "none", "temporary", "permanent"

/// What an event type means to the lockout mirror. Everything but the four base types is kOther.
enum class EventRole : std::uint8_t { kFailed = 0, kSuccess = 1, kReset = 2, kLocked = 3, kOther = 4 };
inline constexpr std::size_t kEventRoles = 5;
EventRole event_role(std::string_view event_type);

/// What `channel` can be, beside absent.
inline constexpr auto kChannels =
    std::to_array<std::string_view>({"web", "mobile", "api", "desktop", "cli", "service", "other"});

/// 9999-12-31T23:59:59.999999Z, the latest time an event can hold.
inline constexpr UtcMicros kLatestTime = 253'402'300'799'999'999;
/// 9999-12-31T00:00:00Z: a lock until then or later is permanent (docs/EVENTS.md).
inline constexpr UtcMicros kPermanentFrom = 253'402'214'400'000'000;

struct AuthEvent {
  std::string tenant_id;
  std::string log_id;  ///< Always set: the sender's, or the UUIDv8 that the agent made.
  std::string event_type;
  UtcMicros occurred_at = 0;
  std::optional<std::string> organisation_id;
  std::optional<std::string> user_id;
  std::optional<std::string> username;
  std::optional<std::string> actor_id;
  std::optional<std::string> ip;           ///< RFC 5952 text (IPv4: dotted).
  std::optional<std::string> remote_host;  ///< What was sent as `ip` and is no address.
  std::optional<std::string> user_agent;
  std::optional<std::string> channel;
  std::optional<std::string> service;
  std::optional<std::string> auth_method;
  std::optional<std::string> failure_reason;
  std::optional<std::string> failure_code;
  std::optional<std::string> session_ref;
  std::optional<std::string> request_id;
  std::optional<std::int32_t> failed_login_attempts;
  std::optional<UtcMicros> account_locked_until;
  std::optional<LockKind> lock_kind;  ///< kTemporary or kPermanent; kNone never stands here.
  std::optional<std::string> lock_reason;
  std::optional<std::string> reset_reason;
  std::optional<std::string> metadata;  ///< Canonical JSON (RFC 8785) of one object.
  std::optional<std::string> account;   ///< "id:<user_id>", else "name:<folded username>" (docs/EVENTS.md).
  std::vector<std::string> repaired;    ///< Names of the fields changed by the repair rules, sorted; often empty.

  bool operator==(const AuthEvent&) const = default;
};

/// `(tenant_id, log_id)`: what both stores hold exactly once.
struct EventKey {
  std::string tenant_id;
  std::string log_id;
  auto operator<=>(const EventKey&) const = default;
};

/// By which way an event came in, and who handed it over, as the kernel names the process.
enum class Ingress : std::uint8_t { kUnknown = 0, kUnix = 1, kHttp = 2 };
inline constexpr std::uint32_t kNobody = 0xFFFFFFFF;  ///< The kernel names no peer, or nothing was kept of it.
struct Arrival {
  Ingress ingress = Ingress::kUnknown;  ///< Unknown: accepted before the spool kept it.
  std::uint32_t uid = kNobody;
  std::uint32_t gid = kNobody;
  bool operator==(const Arrival&) const = default;
};

/// Random, of one accepted version: what its fields' commitments are salted with (ledger/FORMAT.md).
using RecordKey = std::array<std::uint8_t, 16>;

/// What the ledger knows of a version beside its content; with it the version's leaf can be made again.
struct LedgerPlace {
  std::uint64_t tenant_seq = 0;  ///< Counts the tenant's events of this epoch from 0.
  RecordKey record_key{};
  bool operator==(const LedgerPlace&) const = default;
};

/// One accepted version of an event: the content, its hash and the acceptance. Written to the spool in the group
/// commit that precedes the answer; immutable from then on.
struct Version {
  AuthEvent event;
  Digest content_hash{};         ///< SHA-256 over canonical_content(event).
  UtcMicros received_at = 0;     ///< Agent clock.
  UtcMicros effective_at = 0;    ///< min(occurred_at, received_at)
  std::string agent;             ///< agent.name
  Uuid epoch_id{};               ///< UUIDv7 of the run of the agent that took it.
  std::uint64_t leaf_index = 0;  ///< In the epoch: the Merkle index of its leaf.
  Arrival arrival = {};
  std::optional<LedgerPlace> ledger = {};  ///< Nothing: accepted before there was a ledger, it has no leaf.
  /// The spool's own count of what it has taken, by which a version that was read from it is found there again. Is no
  /// part of the version: stores do not know it, and equality leaves it out.
  std::uint64_t number = 0;

  bool operator==(const Version& other) const;
};

/// The accounts that a version speaks to (docs/EVENTS.md): none for other event types or unknown users; for a
/// failure its `account`; for success, lock and reset both "id:" and "name:" where both names are known.
std::vector<std::string> accounts_of(const AuthEvent& event);

/// `username` folded for account names: Unicode full case folding, NFC, White_Space trimmed (utf8proc). Empty: none.
std::string fold_username(std::string_view username);
/// The version of Unicode that fold_username uses, e.g. "14.0.0".
std::string folding_unicode_version();

}  // namespace twinlog
