#include "agent/pipeline/position_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ledger/base/kill_point.h"
#include "ledger/base/uuid.h"

namespace twinlog {
namespace {

// Far above what a spool ever gives out, far below where a leaf would no longer fit a store's column.
constexpr std::uint64_t kGreatestLeaf = 1ULL << 62U;

}  // namespace

PositionCheck::Finding PositionCheck::compare(const std::optional<AgentPosition>& position, std::size_t batch_events) {
  is_loss_unnoted_ = false;
  const std::uint64_t theirs = position ? position->last_leaf : 0;
  const std::uint64_t cursor = spool_.cursor(store_);
  if (theirs < cursor) {
    return rewind(position, cursor);
  }
  forgot_at_.reset();
  // Up to what was sent it is a cursor that lags: it is saved without a sync of its own, and a reply may be lost.
  return theirs > std::max(cursor, sent_up_to_) ? is_ahead(theirs, cursor, batch_events) : Finding::kAsExpected;
}

PositionCheck::Finding PositionCheck::record_is_gone(std::chrono::steady_clock::time_point now) {
  if (gone_at_ && now - *gone_at_ < kGoneAgain) {
    return Finding::kAsExpected;
  }
  gone_at_ = now;
  return rewind(std::nullopt, spool_.cursor(store_));
}

void PositionCheck::will_send(std::uint64_t leaf) {
  sent_up_to_ = std::max(sent_up_to_, leaf);
}

/// The spool was set back: the leaves that it would give out next are known to the store of other events. It skips
/// them, and one more batch that may have got there without its position.
PositionCheck::Finding PositionCheck::is_ahead(std::uint64_t position, std::uint64_t cursor, std::size_t batch_events) {
  const bool is_leaf = position < kGreatestLeaf;
  const Status skipped = is_leaf ? spool_.skip_to(position + batch_events) : Status();
  if (std::exchange(ahead_at_, position) != position) {
    log_.line(LogLevel::kError, "store_position_ahead",
              "the store has a higher position of this spool than the spool itself: was the spool cloned or set "
              "back to an older copy? What it took since that copy may be missing in either store. Events go on "
              "being delivered; compare both stores",
              {{"store", std::string(store_name(store_))},
               {"store_leaf", std::to_string(position)},
               {"spool_leaf", std::to_string(cursor)},
               {"skipped", skipped.ok() ? (is_leaf ? "yes" : "no") : skipped.error().message()}});
  }
  return Finding::kAhead;
}

/// Everything accepted before this time is there as far as the position tells: the newest time of what was delivered,
/// which is never after its acceptance; without a position the beginning of the epoch.
UtcMicros PositionCheck::complete_until(const std::optional<AgentPosition>& position) const {
  const UtcMicros beginning = time_of_uuid_v7(spool_.identity().epoch_id);
  return position ? std::max(beginning, position->newest_effective_at) : beginning;
}

PositionCheck::Finding PositionCheck::rewind(const std::optional<AgentPosition>& position, std::uint64_t cursor) {
  const std::uint64_t theirs = position ? position->last_leaf : 0;
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
  const UtcMicros since = complete_until(position);
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
