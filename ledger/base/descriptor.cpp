#include "ledger/base/descriptor.h"

#include <unistd.h>

namespace twinlog {

void Descriptor::reset(int number) {
  if (number_ >= 0) {
    ::close(number_);
  }
  number_ = number;
}

}  // namespace twinlog
