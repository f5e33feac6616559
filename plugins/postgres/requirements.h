// What a server must be for this store at all, whatever its schema.
#pragma once

#include <optional>
#include <string>

#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// PostgreSQL 14: the functions behind the walls between tenants have bodies that are parsed when they are made.
inline constexpr int kOldestServer = 140'000;

/// "15.4" of 150004.
std::string version_text(int server_version);

/// What is not met and what to do, or nothing.
std::optional<std::string> unmet_requirement(const Connection& connection);

}  // namespace twinlog::postgres
