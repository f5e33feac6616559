// The optional texts of an event under their names in both stores, in the order in which documents have them.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "ledger/record/auth_event.h"

namespace twinlog {

struct StoredText {
  const char* name;
  std::optional<std::string> AuthEvent::*member;
};

inline constexpr std::array<StoredText, 17> kStoredTexts = {{
    {"organisation_id", &AuthEvent::organisation_id},
    {"user_id", &AuthEvent::user_id},
    {"username", &AuthEvent::username},
    {"actor_id", &AuthEvent::actor_id},
    {"ip", &AuthEvent::ip},
    {"remote_host", &AuthEvent::remote_host},
    {"user_agent", &AuthEvent::user_agent},
    {"channel", &AuthEvent::channel},
    {"service", &AuthEvent::service},
    {"auth_method", &AuthEvent::auth_method},
    {"failure_reason", &AuthEvent::failure_reason},
    {"failure_code", &AuthEvent::failure_code},
    {"session_ref", &AuthEvent::session_ref},
    {"request_id", &AuthEvent::request_id},
    {"lock_reason", &AuthEvent::lock_reason},
    {"reset_reason", &AuthEvent::reset_reason},
    {"account", &AuthEvent::account},
}};

}  // namespace twinlog
