// Creates and upgrades the schema, and says how far it is.
#pragma once

#include <chrono>
#include <vector>

#include "plugins/api/store.h"
#include "plugins/postgres/connection.h"

namespace twinlog::postgres {

/// For one question of a connect or a check.
inline constexpr std::chrono::milliseconds kQuestionLimit = std::chrono::seconds{10};
/// For one step of a migration, the wait for other agents that migrate included.
inline constexpr std::chrono::milliseconds kMigrationLimit = std::chrono::seconds{120};

/// What a session finds in the first schema of its search path.
struct SchemaState {
  std::string schema;
  int version = 0;  ///< 0: nothing there yet.
};

/// Needs no more than the right to read twinlog_meta. kHold where the session has no schema.
StoreResult<SchemaState> read_schema_state(Connection& connection);

/// Brings the schema up to schema_version(), step by step, each in a transaction of its own under an advisory lock, so
/// that many agents may start at once. A newer schema is left as it is.
StoreResult<std::vector<CheckLine>> migrate_schema(Connection& connection);

/// Creates the roles where that is allowed, and grants. Afterwards, in words: what was done, or the SQL to run.
StoreResult<std::vector<CheckLine>> migrate_roles(Connection& connection);

}  // namespace twinlog::postgres
