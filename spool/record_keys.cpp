#include "spool/record_keys.h"

#include <algorithm>

namespace twinlog {

RecordKey RecordKeys::draw() {
  if (next_ == kBlockBytes) {
    random_.fill(block_);
    next_ = 0;
  }
  RecordKey key{};
  const auto begin = block_.begin() + static_cast<std::ptrdiff_t>(next_);
  std::copy_n(begin, key.size(), key.begin());
  std::fill_n(begin, key.size(), std::uint8_t{0});
  next_ += key.size();
  return key;
}

}  // namespace twinlog
