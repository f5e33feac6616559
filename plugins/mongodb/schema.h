// Collections and indexes of the document store, and their version in twinlog_meta:
//   {_id: "schema", version: int32, folding_unicode: text}
// Only additions: an older agent goes on with a newer schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/mongodb/client.h"

namespace twinlog::mongodb {

inline constexpr std::int32_t kSchemaVersion = 3;

struct SchemaState {
  std::int32_t version = 0;     ///< 0: there is none.
  std::string folding_unicode;  ///< Version of Unicode that account names were folded with.
  bool is_current() const { return version >= kSchemaVersion; }
};

/// What to say where this store's accounts were named by another version of Unicode.
std::optional<std::string> unicode_mismatch(const SchemaState& state);
/// One read; needs no more than the right to read.
StoreResult<SchemaState> read_schema_state(Client& client);
/// Creates what is missing and then writes the version; in words what was done, and what was refused that can be done
/// without. Repeating it, also by several agents at once, is harmless.
StoreResult<std::vector<CheckLine>> migrate_schema(Client& client);

}  // namespace twinlog::mongodb
