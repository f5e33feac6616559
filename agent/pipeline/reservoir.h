// A sample of fixed size, drawn evenly from all that passes: algorithm L (Kim-Hung Li, "Reservoir-Sampling Algorithms
// of Time Complexity O(n(1 + log(N/n)))", ACM TOMS 20, 1994). It asks for chance only when one of them is taken, which
// becomes rare, and not for each that passes. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "ledger/base/clock.h"

namespace twinlog {

/// Which of those that pass by a full reservoir is taken into it, and in whose place.
class ReservoirTurns {
 public:
  ReservoirTurns(std::size_t places, Random& random);

  /// One more passes: the place that it takes, below the number of places; nothing: it goes by.
  std::optional<std::size_t> pass();

 private:
  void draw_next();
  double chance();

  double places_;
  Random& random_;
  double weight_ = 1;       ///< The largest of as many numbers by chance as there are places, over all that passed.
  std::uint64_t left_ = 0;  ///< That go by before the next one is taken.
};

}  // namespace twinlog
