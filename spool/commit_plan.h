// What one commit() is about to do: each offered event is a duplicate, refused, or a new leaf in the one batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/layout.h"
#include "spool/sizes.h"
#include "spool/spool.h"

namespace twinlog {

/// What holds for all versions of one commit.
struct CommitTerms {
  std::string agent;
  Uuid epoch_id{};
  UtcMicros received_at = 0;
  std::uint64_t last_leaf = 0;   ///< New versions count on from here.
  std::uint64_t first_kept = 1;  ///< Versions below are forgotten.
};

/// Made, decided once, written or thrown away, within one commit().
class CommitPlan {
 public:
  CommitPlan(CommitTerms terms, Room room, const Database& database);
  ~CommitPlan();
  CommitPlan(const CommitPlan&) = delete;
  CommitPlan& operator=(const CommitPlan&) = delete;

  std::vector<std::vector<Disposition>> decide(std::span<const CommitRequest> requests);

  rocksdb::WriteBatch& batch() { return *batch_; }
  std::uint64_t last_leaf() const { return terms_.last_leaf; }

 private:
  using Remembered = std::unordered_map<std::string, std::optional<NewestVersion>>;

  void look_up(std::span<const CommitRequest> requests);
  std::vector<Disposition> decide_request(const CommitRequest& request);
  Disposition decide_event(const AcceptedEvent& offered);
  /// kStored, kDuplicate or kConflict, and nothing changed.
  Disposition classify(const std::string& key, const AcceptedEvent& offered) const;
  bool fits_whole(const CommitRequest& request) const;
  void accept(const std::string& key, const AcceptedEvent& offered);

  CommitTerms terms_;
  Room room_;
  const Database& database_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  Remembered newest_;                          ///< By id key, as it stands with this batch.
  std::unordered_set<std::string> displaced_;  ///< The displaced id keys that this batch writes.
};

}  // namespace twinlog
