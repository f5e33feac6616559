// `twinlog spool repair`: a stopped spool is opened for writing, which puts back what can be read, and all that cannot
// goes on record as lost; before that everything in it gets a second name, or is copied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "spool/check_spool.h"
#include "spool/rocks_spool.h"

namespace twinlog {

struct FolderCopy {
  std::string path;
  std::uint64_t copied_bytes = 0;  ///< That take room of their own; 0 where hard links could be made for all.
};

/// What copying the folder would take where no hard link can be made.
std::uint64_t folder_bytes(const std::string& path);

/// A new folder `to` (mode 0700) with all that the spool in `path` consists of, without its ballast, its lock and what
/// earlier openings have kept. Errors: kFull, kRefused, kTransient; what was made of it stays.
Result<FolderCopy> copy_spool(const std::string& path, const std::string& to);

/// `check` says what is wrong with it. In words, what was found and done. Errors as open_rocks_spool().
Result<std::vector<std::string>> repair_spool(const RocksSpoolSettings& settings, const SpoolCheck& check,
                                              Random& random, const Clock& clock);

}  // namespace twinlog
