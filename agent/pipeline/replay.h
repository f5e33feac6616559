// One batch of dead letters, offered to their store again: by the courier of a running agent, and by the command on a
// stopped spool.
#pragma once

#include <cstdint>
#include <span>

#include "plugins/api/store.h"
#include "spool/spool.h"

namespace twinlog {

struct ReplayOutcome {
  std::size_t taken = 0;
  std::size_t refused = 0;
};

/// `leaves`: of letters of `store`, few enough for one flush; those that are no letters any more are left out. What the
/// store takes is settled, durably, after it has said so; a death in between offers it again, which changes nothing.
/// An Error of the spool is one of ours: kRetry, stage kConnect, in the spool's words.
StoreResult<ReplayOutcome> replay_letters(Spool& spool, StoreId id, Store& store,
                                          std::span<const std::uint64_t> leaves);

}  // namespace twinlog
