// Trees of other agents that this one saw in a store and checked itself: what its own leaves bear witness of
// (ledger/FORMAT.md, tag 37). So whoever removes another agent's epoch has to remove this one's, too.
//
// step() from one thread, take() from any.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/leaf/leaf.h"
#include "ledger/note/verifier_key.h"
#include "plugins/api/store.h"

namespace twinlog {

/// The tree that a checkpoint from a store speaks of; nothing unless it is signed by the key that its epoch's OPEN leaf
/// names, and the epoch's note of size 1 over that leaf is signed by that key and by `enrolment`. Pure.
std::optional<Witness> checked_witness(const SeenCheckpoint& seen, const VerifierKey& enrolment);

class WitnessPool {
 public:
  static constexpr std::chrono::milliseconds kRound = std::chrono::minutes{1};
  static constexpr std::size_t kNewest = 64;      ///< Of a store are looked at ...
  static constexpr std::size_t kOfEachStore = 3;  ///< ... and so many of them are drawn.

  struct Parts {
    std::vector<StoreReader*> stores;
    std::function<VerifierKey()> enrolment;       ///< The key in use.
    std::function<bool(const Uuid&)> is_our_own;  ///< Epochs of this spool are no witness' business.
    const Clock& clock;
    Random& random;
  };

  explicit WitnessPool(Parts parts) : parts_(std::move(parts)) {}

  /// Looks at the stores where a round is due, and says how long to wait. A store that cannot be read has nothing.
  std::chrono::milliseconds step();
  /// What the last round found, once.
  std::vector<Witness> take();

 private:
  void look_at(StoreReader& store, std::vector<Witness>& found);

  Parts parts_;
  std::optional<std::chrono::steady_clock::time_point> next_;
  std::mutex mutex_;  ///< For what follows.
  std::vector<Witness> found_;
};

}  // namespace twinlog
