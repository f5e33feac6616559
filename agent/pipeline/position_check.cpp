#include "agent/pipeline/position_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"

namespace twinlog {
namespace {

/// Up to where the store has the epoch, as a number of the spool.
std::uint64_t number_of(const SpoolEpoch& epoch, const std::optional<AgentPosition>& position) {
  return position ? epoch.base + position->last_leaf : epoch.base - std::min<std::uint64_t>(epoch.base, 1);
}

/// Everything accepted before this time is there as far as the position tells: the newest time of what was delivered,
/// which is never after its acceptance; without a position the beginning of the epoch.
UtcMicros complete_until(const SpoolEpoch& epoch, const std::optional<AgentPosition>& position) {
  const UtcMicros beginning = time_of_uuid_v7(epoch.id);
  return position ? std::max(beginning, position->newest_effective_at) : beginning;
}

}  // namespace

PositionCheck::Finding PositionCheck::compare(std::span<const SpoolEpoch> epochs,
                                              std::span<const std::optional<AgentPosition>> positions) {
  is_loss_unnoted_ = false;
  const std::uint64_t cursor = spool_.cursor(store_);
  Finding found = Finding::kAsExpected;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const SpoolEpoch& epoch = epochs[i];
    const std::uint64_t theirs = number_of(epoch, positions[i]);
    if (cursor >= epoch.base && theirs < std::min(cursor, epoch.last_number)) {
      return rewind({theirs, complete_until(epoch, positions[i])}, cursor);  // The oldest: all behind it goes again.
    }
    // Up to what was sent it is a cursor that lags: it is saved without a sync of its own, and a reply may be lost.
    const std::uint64_t ours = epoch.is_newest ? std::max(cursor, sent_up_to_) : epoch.last_given;
    if (theirs > ours) {
      found = std::max(found, is_ahead(epoch, theirs, ours));
    }
  }
  forgot_at_.reset();
  return found;
}

PositionCheck::Finding PositionCheck::record_is_gone(std::chrono::steady_clock::time_point now) {
  if (gone_at_ && now - *gone_at_ < kGoneAgain) {
    return Finding::kAsExpected;
  }
  gone_at_ = now;
  return rewind({0, time_of_uuid_v7(spool_.identity().epoch_id)}, spool_.cursor(store_));
}

void PositionCheck::will_send(std::uint64_t number) {
  sent_up_to_ = std::max(sent_up_to_, number);
}

PositionCheck::Finding PositionCheck::is_ahead(const SpoolEpoch& epoch, std::uint64_t theirs, std::uint64_t ours) {
  const auto [told, is_new] = ahead_at_.try_emplace(epoch.id, theirs);
  if (is_new || std::exchange(told->second, theirs) != theirs) {
    log_.line(LogLevel::kError, "store_position_ahead",
              "the store has a higher position of this spool than the spool itself: was the spool cloned or set "
              "back to an older copy? What it took since that copy may be missing in either store. Events go on "
              "being delivered; compare both stores",
              {{"store", std::string(store_name(store_))},
               {"epoch", uuid_text(epoch.id)},
               {"store_leaf", std::to_string(theirs)},
               {"spool_leaf", std::to_string(ours)}});
  }
  return epoch.is_newest && epoch.has_ledger && spool_.tree().epoch_id == epoch.id ? Finding::kAheadNow
                                                                                   : Finding::kAhead;
}

PositionCheck::Finding PositionCheck::rewind(const Place& place, std::uint64_t cursor) {
  const std::uint64_t theirs = place.number;
  const std::uint64_t first_kept = spool_.stats().first_kept_leaf;
  if (cursor + 1 == first_kept && forgot_at_ == theirs) {
    return Finding::kAsExpected;  // Nothing to send again, and all is said; the next flush writes the position.
  }
  forgot_at_ = theirs;
  TWINLOG_KILL_POINT("courier.before_rewind");
  const Status moved = spool_.move_cursor(store_, theirs);
  TWINLOG_KILL_POINT("courier.after_rewind");
  // Asked after the move: a trim may just have taken more. A crash before the note finds the same lower position again.
  const bool is_incomplete = spool_.cursor(store_) > theirs;
  const UtcMicros since = place.complete_until;
  const Status noted = is_incomplete ? spool_.note_incomplete(store_, since) : Status();
  is_loss_unnoted_ = !noted.ok();
  if (is_loss_unnoted_) {
    forgot_at_.reset();
  }
  log_.line(is_incomplete ? LogLevel::kError : LogLevel::kWarning, "store_forgot",
            is_incomplete ? "the store lost more than the spool still has: it may lack events accepted since the "
                            "time given; refill it from the other store"
                          : "the store lost events that the spool still has; they are sent again",
            {{"store", std::string(store_name(store_))},
             {"incomplete_since", is_incomplete ? utc_text(since) : "no"},
             {"store_leaf", std::to_string(theirs)},
             {"spool_leaf", std::to_string(cursor)},
             {"first_kept_leaf", std::to_string(first_kept)},
             {"noted", noted.ok() ? "yes" : noted.error().message()},
             {"rewound", moved.ok() ? "yes" : moved.error().message()}});
  return Finding::kForgot;
}

}  // namespace twinlog
