// What ails a spool that takes nothing, in words for logs and the health page.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/result.h"
#include "spool/spool.h"

namespace twinlog {

/// kTransient: it met a disk error and is not open.
Error spool_closed(const std::string& path);
/// kTransient: the epoch under way was ended and no other one could be begun yet.
Error no_epoch(const std::string& path);
/// kCorrupt: what lies there now is not what this process had open.
Error spool_is_another(const std::string& path);
/// kRefused: nobody knows of such a loss.
Error no_such_loss(const LeafRange& lost);
/// kFull: the volume has no room for opening it again.
Error spool_volume_full(const std::string& path);

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

/// What is to be said in the log, until somebody takes it. Callable from every thread.
class Warnings {
 public:
  static constexpr std::size_t kMost = 64;

  /// Beyond kMost the newest are left out.
  void add(std::vector<std::string> lines);
  std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace twinlog
