// What the spool knows of itself, and its dead letters, from logs that were set aside: behind damage, RocksDB's own
// replay gives neither.
#pragma once

#include "ledger/base/result.h"
#include "spool/aside.h"
#include "spool/database.h"

namespace twinlog {

/// Brings the database to what the newest readable record says of each key; numbers that only rise never fall. Synced.
Status rescue_meta(Database& database, const Aside& aside);

}  // namespace twinlog
