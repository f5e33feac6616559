// Whether a store still has what this spool delivered to it (docs/STORES.md): its position of our epoch beside the
// cursor.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "ledger/base/log.h"
#include "plugins/api/store.h"
#include "spool/spool.h"

namespace twinlog {

/// One thread at a time.
class PositionCheck {
 public:
  enum class Finding : std::uint8_t {
    kAsExpected,
    kForgot,  ///< Lower or missing: the cursor went back to it, and what the spool no longer has is noted in it.
    kAhead,   ///< Higher than anything ever sent: said, and the spool gives out none of those leaves again.
  };

  PositionCheck(StoreId store, Spool& spool, Log& log)
      : store_(store), spool_(spool), log_(log), sent_up_to_(spool.last_leaf()) {}

  /// `batch_events`: how many one more batch may hold that the store took without its position.
  Finding compare(const std::optional<AgentPosition>& position, std::size_t batch_events);
  /// The position is as expected, but the record that was delivered last is not there: a table was emptied, or dropped
  /// and made anew, beside the position. All that the spool still has is sent again, as if there were no position;
  /// where the same happens again within kGoneAgain, that is left alone (somebody deletes what arrives).
  Finding record_is_gone(std::chrono::steady_clock::time_point now);
  static constexpr std::chrono::minutes kGoneAgain{10};
  /// A batch up to this leaf is about to be sent.
  void will_send(std::uint64_t leaf);
  /// A loss could not be noted, and the next flush would hide it: the position is to be compared again first.
  bool is_loss_unnoted() const { return is_loss_unnoted_; }

 private:
  Finding rewind(const std::optional<AgentPosition>& position, std::uint64_t cursor);
  UtcMicros complete_until(const std::optional<AgentPosition>& position) const;
  Finding is_ahead(std::uint64_t position, std::uint64_t cursor, std::size_t batch_events);

  const StoreId store_;
  Spool& spool_;
  Log& log_;
  /// The highest leaf that the store can rightly know of: all that the spool held at the start (the last process may
  /// have sent it and lost its cursor), and all that was sent since (a reply may have been lost).
  std::uint64_t sent_up_to_;
  bool is_loss_unnoted_ = false;
  std::optional<std::uint64_t> forgot_at_;  ///< The lower position that the log has told of; while it stays so.
  std::optional<std::chrono::steady_clock::time_point> gone_at_;
  std::uint64_t ahead_at_ = 0;  ///< The higher position that the log has told of.
};

}  // namespace twinlog
