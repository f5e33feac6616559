// Creates and upgrades the schema, and says how far it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugins/api/store.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// For one question of a connect or a check.
inline constexpr std::chrono::milliseconds kQuestionLimit = std::chrono::seconds{10};
/// For one step of a migration, the wait for other agents that migrate included.
inline constexpr std::chrono::milliseconds kMigrationLimit = std::chrono::seconds{120};
/// For building an index beside running writers. Where it is over the server may go on: the next try finds the index.
inline constexpr std::chrono::milliseconds kIndexLimit = std::chrono::hours{6};
/// twinlog_reader and twinlog_writer; twinlog_keeper may be missing.
inline constexpr std::int64_t kRoleCount = 2;

/// What a session finds in the first schema of its search path.
struct SchemaState {
  std::string schema;
  /// Up to which step everything is there; 0: nothing yet. Of a newer build's schema, its last step.
  int version = 0;
  std::set<int> steps;          ///< Those that are there.
  std::string unicode_version;  ///< By which accounts were named; "" where there is nothing yet.
};

/// Where accounts were named by another version of Unicode than this agent's: what that means.
std::optional<std::string> unicode_mismatch(const SchemaState& state);

/// kHold, naming the table, where row-level security hides twinlog_agents or twinlog_meta from this role: what is read
/// there is then no answer, and no sign of a loss.
std::optional<StoreError> hidden_bookkeeping(Connection& connection);

/// Needs no more than the right to read twinlog_meta. kHold where the session has no schema, cannot see twinlog_meta,
/// or has an empty schema in front of one that holds the tables.
StoreResult<SchemaState> read_schema_state(Connection& connection);

/// An agent has events to deliver: it leaves it to the command to build an index on a table that holds rows.
enum class MigrationBy : std::uint8_t { kAgent, kCommand };

/// Brings the schema up to schema_version(), step by step, each in a transaction of its own under a lock on
/// twinlog_meta, so that many agents may start at once. A newer schema is left as it is, and a current one is only
/// read. A step waits 1.2 s at the most for a table in use (55P03: try again), as everybody else waits behind it
/// meanwhile. An index that an agent has no time for (kHold) is passed by, and the steps behind it are done.
StoreResult<std::vector<CheckLine>> migrate_schema(Connection& connection, MigrationBy by);

/// Creates the roles where that is allowed, grants, and mends policies, where any of it is missing or different; else
/// only reads. Afterwards, in words: what was done, or the SQL to run.
StoreResult<std::vector<CheckLine>> migrate_roles(Connection& connection);

}  // namespace twinlog::postgres
