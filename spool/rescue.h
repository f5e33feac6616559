// After an opening that may have lost promised events: puts back what can still be read of them.
#pragma once

#include <cstdint>
#include <vector>

#include "ledger/base/result.h"
#include "spool/aside.h"
#include "spool/database.h"

namespace twinlog {

struct Rescue {
  std::uint64_t put_back = 0;  ///< Events.
};

/// Tables of events that were set aside and that the opened database does not know, although it has not what they hold:
/// a damaged MANIFEST does that. Those that it has merged into others are none.
std::vector<std::string> forgotten_tables(const Database& database, const Aside& aside, std::uint64_t first_kept);

/// Puts the events that are `kept` from the logs and tables that were set aside into the database where it has none
/// under their number, and what the logs remembered of ids; synced. What cannot be read is passed over.
Result<Rescue> rescue(Database& database, const Aside& aside, const LeafRange& kept);

/// The numbers from `first` to `last` under which no event lies.
Result<std::vector<LeafRange>> holes(const Database& database, const LeafRange& range);

}  // namespace twinlog
