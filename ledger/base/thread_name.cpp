#include "ledger/base/thread_name.h"

#include <pthread.h>

namespace twinlog {

void name_this_thread(ThreadName name) {
  static_cast<void>(pthread_setname_np(pthread_self(), name.text()));  // It fits, so nothing is left to fail.
}

}  // namespace twinlog
