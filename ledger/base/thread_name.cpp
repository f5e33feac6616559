#include "ledger/base/thread_name.h"

#include <pthread.h>

namespace twinlog {

void name_this_thread(const char* name) {
  static_cast<void>(::pthread_setname_np(::pthread_self(), name));  // For people only: nothing depends on it.
}

}  // namespace twinlog
