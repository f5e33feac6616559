// Which versions one store is not offered, and which of those that it was offered it can never take. A plain object of
// one courier's thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "ledger/base/clock.h"
#include "plugins/api/store.h"
#include "spool/spool.h"

namespace twinlog {

class StoreRefusals {
 public:
  /// So often an error that the store's table does not know must hit one event alone before it is given up.
  static constexpr unsigned kTries = 10;

  StoreRefusals(StoreId store, const Spool& spool, const Clock& clock) : store_(store), spool_(spool), clock_(clock) {}

  /// A batch without what lies in the spool as a letter already, and without what is given up: that is tried without
  /// once others are there to show that the store takes them.
  struct Offer {
    std::vector<Version> versions;
    std::vector<Version> given_up;
  };
  Offer offer(std::vector<Version> batch) const;

  /// What the store refused of the offer, and what was left out because it is given up, where others were taken.
  std::vector<DeadLetter> letters(const Offer& offer, const FlushReport& report);

  /// The store did not take a batch of the epoch: an unknown error that names events counts against them, one that
  /// names none clears all.
  void failed(const StoreError& error, const SpoolEpoch& epoch);

 private:
  struct Suspicion {
    unsigned tries = 0;
    StoreError error;
  };
  DeadLetter letter(const Version& version, const StoreError& error) const;

  const StoreId store_;
  const Spool& spool_;
  const Clock& clock_;
  std::map<std::uint64_t, Suspicion> suspected_;  ///< By number; no more than one batch holds.
};

}  // namespace twinlog
