// Random keys of versions, drawn in blocks: a call of the generator costs more than a key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ledger/base/clock.h"
#include "ledger/record/auth_event.h"

namespace twinlog {

/// One thread. A key that was drawn is wiped from the block.
class RecordKeys {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  explicit RecordKeys(Random& random) : random_(random) {}
  RecordKey draw();

 private:
  Random& random_;
  std::array<std::uint8_t, kBlockBytes> block_{};
  std::size_t next_ = kBlockBytes;
};

}  // namespace twinlog
