#include "ledger/base/wakeup.h"

namespace twinlog {

void Wakeup::wait_for(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  // wait_until on the system clock: gcc's thread sanitizer does not know pthread_cond_clockwait, which wait_for uses.
  changed_.wait_until(lock, std::chrono::system_clock::now() + most, [this] { return is_woken_; });
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
