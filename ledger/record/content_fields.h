// The fields of an event's canonical content, as data: name and place, in the order of RFC 8785.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/record/auth_event.h"

namespace twinlog {

struct RequiredText {
  std::string AuthEvent::*place;
};
struct OptionalText {
  std::optional<std::string> AuthEvent::*place;
};
/// Canonical JSON, written as it is.
struct OptionalJson {
  std::optional<std::string> AuthEvent::*place;
};
struct RequiredTime {
  UtcMicros AuthEvent::*place;
};
struct OptionalTime {
  std::optional<UtcMicros> AuthEvent::*place;
};
struct OptionalCount {
  std::optional<std::int32_t> AuthEvent::*place;
};
struct OptionalLockKind {
  std::optional<LockKind> AuthEvent::*place;
};
/// Left out when empty.
struct NameList {
  std::vector<std::string> AuthEvent::*place;
};

using ContentPlace = std::variant<RequiredText, OptionalText, OptionalJson, RequiredTime, OptionalTime, OptionalCount,
                                  OptionalLockKind, NameList>;

struct ContentField {
  std::string_view name;
  ContentPlace place;
};

inline constexpr std::array<ContentField, 26> kContentFields = {{
    {"account", OptionalText{&AuthEvent::account}},
    {"account_locked_until", OptionalTime{&AuthEvent::account_locked_until}},
    {"actor_id", OptionalText{&AuthEvent::actor_id}},
    {"auth_method", OptionalText{&AuthEvent::auth_method}},
    {"channel", OptionalText{&AuthEvent::channel}},
    {"event_type", RequiredText{&AuthEvent::event_type}},
    {"failed_login_attempts", OptionalCount{&AuthEvent::failed_login_attempts}},
    {"failure_code", OptionalText{&AuthEvent::failure_code}},
    {"failure_reason", OptionalText{&AuthEvent::failure_reason}},
    {"ip", OptionalText{&AuthEvent::ip}},
    {"lock_kind", OptionalLockKind{&AuthEvent::lock_kind}},
    {"lock_reason", OptionalText{&AuthEvent::lock_reason}},
    {"log_id", RequiredText{&AuthEvent::log_id}},
    {"metadata", OptionalJson{&AuthEvent::metadata}},
    {"occurred_at", RequiredTime{&AuthEvent::occurred_at}},
    {"organisation_id", OptionalText{&AuthEvent::organisation_id}},
    {"remote_host", OptionalText{&AuthEvent::remote_host}},
    {"repaired", NameList{&AuthEvent::repaired}},
    {"request_id", OptionalText{&AuthEvent::request_id}},
    {"reset_reason", OptionalText{&AuthEvent::reset_reason}},
    {"service", OptionalText{&AuthEvent::service}},
    {"session_ref", OptionalText{&AuthEvent::session_ref}},
    {"tenant_id", RequiredText{&AuthEvent::tenant_id}},
    {"user_agent", OptionalText{&AuthEvent::user_agent}},
    {"user_id", OptionalText{&AuthEvent::user_id}},
    {"username", OptionalText{&AuthEvent::username}},
}};

}  // namespace twinlog
