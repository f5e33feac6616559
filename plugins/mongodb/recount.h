// Counting an account's undefined failures anew, where a defining event arrived late (DECISIONS.md). The server counts;
// what comes here is one number for each account and epoch, however many failures there are.
//
// Which rows count is what keeps several agents exact: a row that is visible but not yet applied to this account will
// be added by its owner, so taking it in here would count it twice. A row was applied when
//  - its leaf_index is at or below the mark of its epoch in this same account document, or
//  - that account holds no mark of its epoch (never touched, or removed as redundant) and the epoch's line says that
//    all up to that leaf is applied, or that the epoch is closed.
// Should the owner apply it while we look, it writes the account, and our guarded replacement is refused.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"

namespace twinlog::mongodb {

/// An account whose merge asked for a recount; `state` holds the marks up to this flush and gets the count.
struct Recounted {
  AccountKey key;
  AccountState* state;
};

/// How long the server may count: more after each time that it was not enough, until what needed it is done (one lost
/// race for an account must not begin anew with the least).
class RecountTime {
 public:
  static constexpr std::chrono::seconds kFirst{15};
  static constexpr std::chrono::seconds kMost{240};  ///< A flush has to end within kFlushMost.
  /// What a reply is waited for beyond it, so that it is the server that gives up and nothing goes on there unseen.
  static constexpr std::chrono::seconds kReply{5};

  std::chrono::seconds limit() const { return limit_; }
  bool is_raised() const { return limit_ > kFirst; }
  bool is_most() const { return limit_ == kMost; }
  /// How long a reply has to be waited for where what the address says would not do.
  std::chrono::seconds wait() const { return is_raised() ? limit_ + kReply : std::chrono::seconds{0}; }
  void was_enough() { limit_ = kFirst; }
  void was_too_short() { limit_ = std::min(kMost, 2 * limit_); }

 private:
  std::chrono::seconds limit_ = kFirst;
};

/// Bytes of the conditions in one question; beyond, the accounts are asked for in several.
inline constexpr std::size_t kRecountQuestionMost = 4'000'000;

/// One question to each of the two collections for all accounts together, and where a row's epoch has no mark one to
/// twinlog_agents; where that epoch is amid a flush, its rows are counted once more. An error says that it was the
/// recount; where the time was too short it is kReconnect, as the connection has to wait longer next time, or
/// kReconnectSmaller where that is all the time there is.
StoreStatus recount(Client& client, const std::vector<Recounted>& accounts, RecountTime& time);

}  // namespace twinlog::mongodb
