#include "ledger/base/wakeup.h"

namespace twinlog {

void Wakeup::wait_for(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  const auto is_woken = [this] { return is_woken_; };
#ifdef __SANITIZE_THREAD__
  // gcc's thread sanitizer does not know pthread_cond_clockwait, which wait_for uses.
  changed_.wait_until(lock, std::chrono::system_clock::now() + most, is_woken);
#else
  changed_.wait_for(lock, most, is_woken);  // The steady clock: setting the time back must not prolong it.
#endif
  is_woken_ = false;
}

void Wakeup::wake() {
  {
    const std::scoped_lock lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_one();
}

}  // namespace twinlog
