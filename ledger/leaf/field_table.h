// The numbers of an event's fields in the ledger (ledger/FORMAT.md). A number is never used again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/record/auth_event.h"

namespace twinlog {

inline constexpr std::uint8_t kFieldTenantId = 1;
inline constexpr std::uint8_t kFieldLogId = 2;
inline constexpr std::uint8_t kFieldEventType = 3;
inline constexpr std::uint8_t kFieldOccurredAt = 4;
inline constexpr std::uint8_t kFieldUserId = 6;
inline constexpr std::uint8_t kFieldUsername = 7;
inline constexpr std::uint8_t kFieldFailedLoginAttempts = 19;
inline constexpr std::uint8_t kFieldAccountLockedUntil = 20;
inline constexpr std::uint8_t kFieldMetadata = 24;
inline constexpr std::uint8_t kFieldAccount = 25;
inline constexpr std::uint8_t kFieldRepaired = 26;
inline constexpr std::uint8_t kFields = 26;

/// Names by number - 1.
inline constexpr std::array<std::string_view, kFields> kFieldNames = {"tenant_id",
                                                                      "log_id",
                                                                      "event_type",
                                                                      "occurred_at",
                                                                      "organisation_id",
                                                                      "user_id",
                                                                      "username",
                                                                      "actor_id",
                                                                      "ip",
                                                                      "remote_host",
                                                                      "user_agent",
                                                                      "channel",
                                                                      "service",
                                                                      "auth_method",
                                                                      "failure_reason",
                                                                      "failure_code",
                                                                      "session_ref",
                                                                      "request_id",
                                                                      "failed_login_attempts",
                                                                      "account_locked_until",
                                                                      "lock_kind",
                                                                      "lock_reason",
                                                                      "reset_reason",
                                                                      "metadata",
                                                                      "account",
                                                                      "repaired"};

std::optional<std::uint8_t> field_number(std::string_view name);

/// The bytes that are committed to; nothing where the field is absent. Appended to `out`.
bool append_field_value(const AuthEvent& event, std::uint8_t field, std::string& out);
std::optional<std::string> field_value(const AuthEvent& event, std::uint8_t field);

}  // namespace twinlog
