// Dead letters of one store that somebody wants to be offered to it again. Callable from every thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

namespace twinlog {

/// Since the process began.
struct ReplayTally {
  std::uint64_t waiting = 0;
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;  ///< Once more: they stay letters.
};

class ReplayOrder {
 public:
  void add(std::span<const std::uint64_t> leaves) {
    const std::scoped_lock lock(mutex_);
    waiting_.insert(waiting_.end(), leaves.begin(), leaves.end());
  }
  /// They stay in the order until done() is told what became of them.
  std::vector<std::uint64_t> next(std::size_t most) const {
    const std::scoped_lock lock(mutex_);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
    return {waiting_.begin(), end};
  }
  void done(std::size_t leaves, std::size_t taken, std::size_t refused) {
    const std::scoped_lock lock(mutex_);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(leaves));
    taken_ += taken;
    refused_ += refused;
  }
  ReplayTally tally() const {
    const std::scoped_lock lock(mutex_);
    return {waiting_.size(), taken_, refused_};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::uint64_t> waiting_;
  std::uint64_t taken_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace twinlog
