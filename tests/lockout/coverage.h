// What the random histories must have met before their agreement means anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace twinlog::testing {

enum class Rule : std::uint8_t {
  kFailedAddsOne,
  kFailedStated,
  kFailedLocksByEnd,
  kFailedLocksByKind,
  kFailedLeavesLock,
  kLockedPermanentStated,
  kLockedPermanentByEnd,
  kLockedTemporaryWithEnd,
  kLockedTemporaryWithoutEnd,
  kLockedStated,
  kLockedKeepsAttempts,
  kSuccessStated,
  kSuccessToZero,
  kSuccessClearsTemporary,
  kSuccessKeepsPermanent,
  kResetStated,
  kResetToZero,
  kResetClearsTemporary,
  kResetClearsPermanent,
  kReasonNullAfterClear,
  kOverflow,
  kNameClearedByBoth,
  kUnknownUser,
  kOtherType,
  kTieByRank,
  kTieByStated,
  kTieByLogId,
  kTieByHash,
  kNewestWithoutOrganisation,
  kAhead,
  kConflict,
  kRepeat,
  kRecount,
};

inline constexpr std::array kRuleNames = {
    "a failure adds one",
    "a failure states the number",
    "a failure locks by its end",
    "a failure locks by its kind",
    "a failure leaves the lock alone",
    "a lock is permanent as stated",
    "a lock is permanent by its end",
    "a lock is temporary with an end",
    "a lock is temporary without an end",
    "a lock states the number",
    "a lock keeps the number",
    "a success states the number",
    "a success sets the number to zero",
    "a success clears a temporary lock",
    "a success leaves a permanent lock",
    "a reset states the number",
    "a reset sets the number to zero",
    "a reset clears a temporary lock",
    "a reset clears a permanent lock",
    "the reason is null after a clear",
    "the number is over 2^31-1",
    "an event with both names clears failures known by name only",
    "a failure of an unknown user",
    "an event of another type",
    "a tie in time decided by rank",
    "a tie in time decided by the stated number",
    "a tie in time decided by log_id",
    "a tie in time decided by content_hash",
    "the newest event has no organisation",
    "a failure that occurs later than it takes effect",
    "a conflict",
    "a repeat",
    "a late defining event with its recount",
};
inline constexpr std::size_t kRules = kRuleNames.size();
static_assert(kRules == static_cast<std::size_t>(Rule::kRecount) + 1);

class Coverage {
 public:
  void count(Rule rule) { ++counts_[static_cast<std::size_t>(rule)]; }
  void count_if(bool occurred, Rule rule) {
    if (occurred) {
      count(rule);
    }
  }
  std::uint64_t of(std::size_t rule) const { return counts_[rule]; }

 private:
  std::array<std::uint64_t, kRules> counts_{};
};

}  // namespace twinlog::testing
