// The top-level members of what a sender sent: those with a meaning, and the others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/record/event_reader.h"
#include "ledger/record/json_tape.h"

namespace twinlog {

/// The members that a sender may send, in the order of their names.
enum class Member : std::uint8_t {
  kAccountLockedUntil,
  kActorId,
  kAuthMethod,
  kChannel,
  kEventType,
  kFailedLoginAttempts,
  kFailureCode,
  kFailureReason,
  kIp,
  kLockKind,
  kLockReason,
  kLogId,
  kMetadata,
  kOccurredAt,
  kOrganisationId,
  kOrganizationId,
  kRequestId,
  kResetReason,
  kSchemaVersion,
  kService,
  kSessionId,
  kSessionRef,
  kTenantId,
  kUserAgent,
  kUserId,
  kUsername,
};
inline constexpr std::size_t kMembers = 26;
std::string_view member_name(Member member);
bool is_member_name(std::string_view name);

/// Node indices into the tape that the members were collected from.
class EventMembers {
 public:
  /// Refuses a value that is no object, and a member that comes twice.
  static std::variant<EventMembers, Rejection> collect(const JsonTape& tape);

  /// The value's index; nothing when absent: not sent, null, or (but for schema_version) the empty string.
  std::optional<std::uint32_t> value(Member member) const;
  /// The keys of all other members that are not null, in bytewise order of their names. One that names a session id in
  /// another spelling is kSessionId instead, where there is none.
  const std::vector<std::uint32_t>& unknown_keys() const { return unknown_keys_; }

  /// The same without unknown members, and with a value for remote_host, which no sender has but in a record that is
  /// sent again.
  EventMembers of_record(std::optional<std::uint32_t> remote_host) const;
  std::optional<std::uint32_t> remote_host() const { return remote_host_; }

 private:
  void take_session_id(const JsonTape& tape);

  std::array<std::uint32_t, kMembers> values_{};  // 0: not sent (index 0 is the object itself).
  std::array<bool, kMembers> is_absent_{};
  std::vector<std::uint32_t> unknown_keys_;
  std::optional<std::uint32_t> remote_host_;
};

}  // namespace twinlog
