// Opens a spool for writing, at a start and after a disk error alike: what the disk gave back is held against what was
// promised, what can be read behind damage is put back, and what is gone is on record before anything new is taken.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/promised.h"
#include "spool/spool_state.h"

namespace twinlog {

struct OpenedSpool {
  std::unique_ptr<Database> database;
  SpoolState state;
  std::vector<std::string> warnings;  ///< What was found on the way, in words for the log.
  bool is_read_only = false;          ///< The volume has no room for opening it otherwise.
};

/// `promised`: what this process knows of it, beside the file. A damaged spool's old files stay in a folder
/// `damaged-<time>` in it. Errors as open_rocks_spool; nothing that was there is removed then.
Result<OpenedSpool> open_for_writing(const DatabaseSetup& setup, const Promised& promised, Random& random,
                                     const Clock& clock);

/// The same of a process that begins: makes the folder, closes it to others, drops the ballast where its room is
/// needed, and opens it read-only where not even that is enough.
Result<OpenedSpool> open_at_start(const DatabaseSetup& setup, Random& random, const Clock& clock);

}  // namespace twinlog
