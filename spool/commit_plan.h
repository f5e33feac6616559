// What one commit() is about to do: each offered event is a duplicate, refused, or a new leaf in the one batch. It
// changes nothing: what holds after the batch is on stable storage is a value, to be installed then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/epoch_tree.h"
#include "spool/layout.h"
#include "spool/leaf_hashes.h"
#include "spool/letter_keeper.h"
#include "spool/own_leaves.h"
#include "spool/record_keys.h"
#include "spool/sizes.h"
#include "spool/spool.h"

namespace twinlog {

/// What holds for all versions of one commit.
struct CommitTerms {
  std::string agent;
  Uuid epoch_id{};
  UtcMicros received_at = 0;
  TreeDraft* tree = nullptr;     ///< Of the epoch under way; null where none was begun.
  RecordKeys* keys = nullptr;    ///< With it.
  std::uint64_t last_leaf = 0;   ///< New versions count on from here ...
  std::uint64_t skipped_to = 0;  ///< ... or from here, where that is more.
  std::uint64_t first_kept = 1;  ///< Versions below are forgotten, ...
  std::vector<LeafRange> holes;  ///< ... and lost ones (known_holes()): who sends one again brings it back.
};

/// What holds once the batch is on stable storage.
struct Committed {
  std::vector<std::vector<Disposition>> answers;
  std::uint64_t last_leaf = 0;
  std::optional<LeafRange> skipped;  ///< Numbers that were passed over.
  std::optional<OwnLeafPut> own;     ///< The rider.
};

/// Made, decided once, written or thrown away, within one commit().
class CommitPlan {
 public:
  CommitPlan(CommitTerms terms, Room room, const Database& database, const LetterKeeper& letters);
  ~CommitPlan();
  CommitPlan(const CommitPlan&) = delete;
  CommitPlan& operator=(const CommitPlan&) = delete;

  /// `rider`: a leaf of the agent's own behind them, where anything is accepted and there is a tree; or null.
  Committed decide(std::span<const CommitRequest> requests, const LeafMaker* rider);
  rocksdb::WriteBatch& batch() { return *batch_; }

 private:
  using Remembered = std::unordered_map<std::string, std::optional<NewestVersion>>;

  void look_up(std::span<const CommitRequest> requests);
  std::vector<Disposition> decide_request(const CommitRequest& request);
  Disposition decide_event(const AcceptedEvent& offered, const Arrival& arrival);
  /// kStored, kDuplicate or kConflict, and nothing changed.
  Disposition classify(const std::string& key, const AcceptedEvent& offered) const;
  bool is_remembered(std::uint64_t leaf) const;
  bool fits_whole(const CommitRequest& request) const;
  void accept(const std::string& key, const AcceptedEvent& offered, const Arrival& arrival);
  std::optional<LeafRange> note_skipped();
  void put_leaf(Version& version);

  CommitTerms terms_;
  Room room_;
  const Database& database_;
  const LetterKeeper& letters_;
  const std::uint64_t last_leaf_before_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  HashRunWriter hashes_;
  Remembered newest_;                          ///< By id key, as it stands with this batch.
  std::unordered_set<std::string> displaced_;  ///< The displaced id keys that this batch writes.
};

}  // namespace twinlog
