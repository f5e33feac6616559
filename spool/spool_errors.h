// What ails a spool that takes nothing, in words for logs and the health page.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "ledger/base/result.h"
#include "spool/spool.h"

namespace twinlog {

/// kTransient: it met a disk error and is not open.
Error spool_closed(const std::string& path);
/// kFull: the volume has no room for opening it again.
Error spool_volume_full(const std::string& path);
/// kCorrupt: events `first` to `last` were answered as stored and are gone.
Error spool_lost_promises(const std::string& path, std::uint64_t first, std::uint64_t last);

/// The reason why a spool takes nothing. Callable from every thread.
class Trouble {
 public:
  void note(const Error& error);
  void clear();
  Status status() const;
  /// Nothing where there is none.
  void tell(SpoolStats& stats) const;

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace twinlog
