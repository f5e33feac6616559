// What is known of promised events that are gone.
#pragma once

#include <string>

#include "spool/database.h"
#include "spool/spool_state.h"

namespace twinlog {

struct LossTimes {
  UtcMicros found_at = 0;
  UtcMicros not_after = 0;  ///< They were accepted by then, where nothing that was accepted later is left to tell.
};
/// With the times of what lies before and behind it.
Loss loss_of(const Database& database, const SpoolIdentity& identity, const LeafRange& leaves, const LossTimes& times);

/// Notes it, and that the stores that did not have these events yet may be incomplete. One of the same leaves becomes
/// one of both stores.
void add_loss(SpoolPositions& positions, const Loss& loss);

/// On record for this store, acknowledged or not.
bool is_lost(const SpoolPositions& positions, std::uint64_t leaf, StoreId store);

/// "leaves 5 to 9 (..) were promised and are gone; they were accepted between .. and .."
std::string loss_words(const Loss& loss);

/// What lies next from `leaf` on and cannot be read; nothing where it can, or is not there. An Error where that cannot
/// be told now.
Result<std::optional<LeafRange>> unreadable_from(const Database& database, const LeafRange& range);

}  // namespace twinlog
