// A record with all that belongs to it: what erasure and retention work on.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "plugins/api/erasure.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

enum class GroupLock : std::uint8_t { kNone, kForUpdate };

/// Of these keys, those whose record is there. With a lock: in a transaction that is open.
StoreResult<RecordGroups> read_groups(Connection& connection, std::span<const EventKey> keys, GroupLock lock);

/// Two arrays: tenants and log ids.
std::vector<Parameter> key_parameters(std::span<const EventKey> keys);

/// How many rows a statement touched, by its tag.
std::uint64_t touched(const Rows& rows);

}  // namespace twinlog::postgres
