// The batches of one courier out of the spool, the next one read and decoded while the store still works on this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <utility>

#include "ledger/base/result.h"
#include "spool/spool.h"

namespace twinlog {

/// Which items: from the first number above `after`, as Spool::read_batch() cuts them off.
struct BatchRange {
  std::uint64_t after = 0;
  std::size_t most_events = 0;
  std::size_t most_bytes = 0;

  bool operator==(const BatchRange&) const = default;
};

/// Threads: used from one; the reading ahead is a thread of its own, which ends before this object or the next take()
/// does. Memory: at most one batch more than the courier holds.
class BatchReader {
 public:
  /// Spool::read_batch() of one spool; called by two threads, never at the same time.
  using Read = std::function<Result<SpoolBatch>(const BatchRange& range)>;

  explicit BatchReader(Read read) : read_(std::move(read)) {}

  /// What was read ahead for exactly this range, else what the spool has now. An error met ahead is not kept.
  Result<SpoolBatch> take(const BatchRange& range);

  /// Begins to read. Worth it only when the spool already has all of the range: what comes later is not in it.
  /// Does nothing when the system gives no thread.
  void read_ahead(const BatchRange& range);

  /// Waits for what is being read and lets go of it.
  void forget() { ahead_ = {}; }

 private:
  Read read_;
  BatchRange ahead_range_;
  std::future<Result<SpoolBatch>> ahead_;
};

}  // namespace twinlog
