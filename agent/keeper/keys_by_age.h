// The keys of old records, oldest first, a page at a time, in a store that can only be asked for spans of time.
#pragma once

#include <cstddef>
#include <vector>

#include "ledger/base/clock.h"
#include "plugins/api/keeper.h"

namespace twinlog {

/// Asks for short spans: one that is open to the end is read to its end for every page.
class KeysByAge {
 public:
  static constexpr std::size_t kPage = 1000;

  KeysByAge(StoreKeeper& keeper, UtcMicros before) : keeper_(keeper), before_(before) {}

  /// Of records accepted before `before`. About kPage of them, more where as many came in one moment; none: the end.
  StoreResult<std::vector<EventKey>> next();

 private:
  static constexpr UtcMicros kBeginning = -62'135'596'800'000'000;  ///< Of the year 1.
  static constexpr UtcMicros kFirstSpan = 3'600'000'000;
  static constexpr UtcMicros kLongestSpan = 1'000'000 * kFirstSpan;

  StoreStatus find_beginning();

  StoreKeeper& keeper_;
  const UtcMicros before_;
  UtcMicros from_ = kBeginning;
  UtcMicros span_ = 0;  ///< 0: not begun.
  std::size_t most_ = kPage;
};

}  // namespace twinlog
