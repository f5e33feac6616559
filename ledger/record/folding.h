// The account that an event belongs to (docs/EVENTS.md).
#pragma once

#include <optional>
#include <string>

#include "ledger/record/auth_event.h"

namespace twinlog {

/// "id:<user_id>", else "name:<folded username>", else nothing.
std::optional<std::string> account_of(const AuthEvent& event);

}  // namespace twinlog
