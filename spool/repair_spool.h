// `twinlog spool repair`: a stopped spool is opened for writing, which puts back what can be read, and all that cannot
// goes on record as lost. Before that copy_spool() keeps it as it was.
#pragma once

#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "spool/check_spool.h"
#include "spool/rocks_spool.h"

namespace twinlog {

/// `check` says what is wrong with it. In words, what was found and done. Errors as open_rocks_spool().
Result<std::vector<std::string>> repair_spool(const RocksSpoolSettings& settings, const SpoolCheck& check,
                                              Random& random, const Clock& clock);

}  // namespace twinlog
