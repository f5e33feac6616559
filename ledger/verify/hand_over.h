// Batches of things on their way from one thread to another, in their order, a few at a time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace twinlog {

/// One thread gives, one takes.
template <typename Item>
class HandOver {
 public:
  using Batch = std::vector<Item>;

  /// Waits while `kMostBatches` have not been taken; false once it is stopped.
  bool give(Batch&& batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return batches_.size() < kMostBatches || is_stopped_; });
    if (!is_stopped_) {
      batches_.push_back(std::move(batch));
      changed_.notify_all();
    }
    return !is_stopped_;
  }
  /// No more will be given.
  void end() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    changed_.notify_all();
  }
  /// What was not taken is forgotten.
  void stop() {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    batches_.clear();
    changed_.notify_all();
  }
  /// Waits for one; nothing after the last, or once it is stopped.
  std::optional<Batch> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !batches_.empty() || is_ended_ || is_stopped_; });
    if (batches_.empty()) {
      return std::nullopt;
    }
    std::optional<Batch> batch(std::move(batches_.front()));
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  static constexpr std::size_t kMostBatches = 4;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;
  bool is_ended_ = false;
  bool is_stopped_ = false;
};

}  // namespace twinlog
