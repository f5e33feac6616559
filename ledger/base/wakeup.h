// The seam for waiting: a thread's loop sleeps here and nowhere else.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace twinlog {

/// One thread waits, any thread wakes.
class Wait {
 public:
  virtual ~Wait() = default;
  /// Returns after `most`, or at once when wake() was called since the last return: no wake-up is ever lost.
  virtual void wait_for(std::chrono::milliseconds most) = 0;
  virtual void wake() = 0;
};

/// The real one.
class Wakeup final : public Wait {
 public:
  void wait_for(std::chrono::milliseconds most) override;
  void wake() override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_woken_ = false;
};

}  // namespace twinlog
