// Whether a store still has what this spool delivered to it (docs/STORES.md): its positions of the epochs that the
// spool still keeps, beside the cursor.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

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
    /// Higher than anything ever sent: said. Of an epoch that is over: this spool was set back. Nothing collides, as a
    /// run of the agent begins an epoch of its own.
    kAhead,
    kAheadNow,  ///< The same of the epoch under way: a copy of this process writes in it, too.
  };

  PositionCheck(StoreId store, Spool& spool, Log& log)
      : store_(store), spool_(spool), log_(log), sent_up_to_(spool.last_leaf()) {}

  /// `positions`: of these epochs, which are all of spool.epochs(), in their order.
  Finding compare(std::span<const SpoolEpoch> epochs, std::span<const std::optional<AgentPosition>> positions);
  /// The position is as expected, but the record that was delivered last is not there: a table was emptied, or dropped
  /// and made anew, beside the position. All that the spool still has is sent again, as if there were no position;
  /// where the same happens again within kGoneAgain, that is left alone (somebody deletes what arrives).
  Finding record_is_gone(std::chrono::steady_clock::time_point now);
  static constexpr std::chrono::minutes kGoneAgain{10};
  /// A batch up to this number is about to be sent.
  void will_send(std::uint64_t number);
  /// A loss could not be noted, and the next flush would hide it: the position is to be compared again first.
  bool is_loss_unnoted() const { return is_loss_unnoted_; }

 private:
  /// What the store has up to, and since when it may lack more.
  struct Place {
    std::uint64_t number = 0;
    UtcMicros complete_until = 0;
  };
  Finding rewind(const Place& place, std::uint64_t cursor);
  Finding is_ahead(const SpoolEpoch& epoch, std::uint64_t theirs, std::uint64_t ours);

  const StoreId store_;
  Spool& spool_;
  Log& log_;
  /// The highest number that the store can rightly know of: all that the spool held at the start (the last process may
  /// have sent it and lost its cursor), and all that was sent since (a reply may have been lost).
  std::uint64_t sent_up_to_;
  bool is_loss_unnoted_ = false;
  std::optional<std::uint64_t> forgot_at_;  ///< The lower position that the log has told of; while it stays so.
  std::optional<std::chrono::steady_clock::time_point> gone_at_;
  std::map<Uuid, std::uint64_t> ahead_at_;  ///< The higher positions that the log has told of.
};

}  // namespace twinlog
