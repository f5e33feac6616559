// A spool whose database RocksDB does not open, because a file of it is damaged or gone: it is put together anew from
// its tables that are whole. To be called when everything was set aside; the events that lie only there, in logs or
// beside damage, are for rescue().
#pragma once

#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "spool/aside.h"
#include "spool/database_setup.h"

namespace twinlog {

/// In words for the log: what of the spool's knowledge of itself was lost and is made anew; none where it is whole.
/// Whole tables stay the files that they are. Errors as open_rocks_spool; what it has done is done again the next time.
Result<std::vector<std::string>> rebuild_database(const DatabaseSetup& setup, const Aside& aside, Random& random,
                                                  const Clock& clock);

}  // namespace twinlog
