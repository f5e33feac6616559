// What the spool knows of itself, and its dead letters, from logs that were set aside: behind damage, RocksDB's own
// replay gives neither.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "ledger/base/result.h"
#include "spool/aside.h"
#include "spool/database.h"

namespace twinlog {

/// By key, what the newest readable record says of it; nothing: it was deleted.
struct MetaRecords {
  std::map<std::string, std::optional<std::string>> meta;
  std::map<std::string, std::optional<std::string>> letters;
};
Result<MetaRecords> records_of_logs(rocksdb::Env& env, const Aside& aside);

/// Brings the database to what the newest readable record says of each key; numbers that only rise never fall, and
/// cursors never rise: a letter that stood before them may be damaged, and an event that is offered again does no harm.
/// Synced.
Status rescue_meta(Database& database, const Aside& aside);

}  // namespace twinlog
