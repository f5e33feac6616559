// Everything that a spool consists of gets a second name beside it, or is copied, before somebody works on it.
#pragma once

#include <cstdint>
#include <string>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "spool/check_spool.h"

namespace twinlog {

struct FolderCopy {
  std::string path;
  std::uint64_t copied_bytes = 0;  ///< That take room of their own; 0 where hard links could be made for all.
};

/// Where the copy of a spool belongs: beside it, on the same volume. Where the spool's folder is a volume of its own,
/// in it, as one of those that openings keep.
std::string copy_path(const std::string& path, UtcMicros now);

/// What copying the folder would take where no hard link can be made.
std::uint64_t folder_bytes(const std::string& path);

/// A new folder `to` (mode 0700) with the files of the spool in `path`, without its ballast, its lock and what earlier
/// openings have kept. It has this name only once it is whole and on stable storage; what a copy that was cut short has
/// left goes with the next one. Errors: kFull, which says how much room it takes and how much there is, before anything
/// is copied; kRefused, kTransient. Nothing of it is left then, and the spool is as it was.
Result<FolderCopy> copy_spool(const std::string& path, const std::string& to, const CheckProgress& progress);

}  // namespace twinlog
