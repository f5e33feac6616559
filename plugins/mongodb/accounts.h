// The lockout mirror by compare-and-set: read, merge_marked() (ledger/lockout/marked_merge.h), replace guarded by the
// document's version. Only accounts that lost such a race are read and merged again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"
#include "plugins/mongodb/position.h"
#include "plugins/mongodb/recount.h"

namespace twinlog::mongodb {

/// A flush gives up (kRetry) when it lost the race for an account this many times in a row. Giving up is dear, as all
/// of the flush is sent again, so it is far more often than chance makes them lose who pause in between.
inline constexpr unsigned kAccountRoundsMost = 64;
/// The pauses between two rounds are drawn from 0 to a bound that doubles from the first to the most.
inline constexpr std::chrono::milliseconds kFirstPause{4};
inline constexpr std::chrono::milliseconds kMostPause{500};
/// A flush writes no account later than this after its begin, by its own steady clock: it begins anew, and learns
/// whether others have adopted what it began (leftovers.h).
inline constexpr std::chrono::minutes kFlushMost{5};
/// An account with more marks than this has those looked up that may be redundant: it does not grow with the number of
/// pods that ever lived.
inline constexpr std::size_t kMarksBeforeLookup = 8;

/// What is known to be applied of other epochs; never more than is true.
class AppliedEpochs {
 public:
  /// Epochs that are remembered; all are forgotten beyond.
  static constexpr std::size_t kMost = 10'000;
  std::uint64_t of(const Uuid& epoch_id) const;
  void note(const std::map<Uuid, AgentLine>& lines);

 private:
  std::map<Uuid, std::uint64_t> applied_;
};

/// Accounts whose number this agent has counted anew, by the version of theirs that holds it: until somebody writes
/// them, what is inserted meanwhile is known to be missing in it.
class CountedAccounts {
 public:
  /// Accounts that are remembered; all are forgotten beyond.
  static constexpr std::size_t kMost = 10'000;
  bool is_counted(const AccountKey& key, std::int64_t version) const {
    const auto found = versions_.find(key);
    return found != versions_.end() && found->second == version;
  }
  void note(const AccountKey& key, std::int64_t version) {
    if (versions_.size() >= kMost) {
      versions_.clear();
    }
    versions_[key] = version;
  }

 private:
  std::map<AccountKey, std::int64_t> versions_;
};

/// What is remembered from one flush to the next over one connection.
struct AccountMemory {
  AppliedEpochs applied;
  CountedAccounts counted;
};

struct AccountWork {
  /// The versions of this batch whose stored copy carries the writer's acceptance, by the account they speak to.
  std::map<AccountKey, std::vector<const Version*>> versions;
  /// Those of them that were not in the store before this batch.
  std::set<const Version*> inserted;
  MarkedWriter writer;
  /// How accounts are read. kMajority after a flush that failed: what it wrote and nobody confirmed may yet be rolled
  /// back, and must not pass for done.
  ReadConcern read = ReadConcern::kLocal;
  std::string written_by;                                ///< Unique per attempt at a flush.
  std::function<bool()> is_too_late;                     ///< The flush has lasted for kFlushMost.
  std::function<void(std::chrono::milliseconds)> pause;  ///< Waits for some time up to that.
};

struct AccountReport {
  std::uint64_t written = 0;
  std::uint64_t recounts = 0;
};

StoreResult<AccountReport> apply_to_accounts(Client& client, const AccountWork& work, AccountMemory& memory,
                                             RecountTime& recount_time);

}  // namespace twinlog::mongodb
