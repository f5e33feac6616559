// Compares what the stores hold of every leaf with what was proven, epoch by epoch.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/tree/frontier.h"
#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding_runs.h"
#include "ledger/verify/leaf_claims.h"
#include "ledger/verify/leaf_rules.h"

namespace twinlog {

/// A due time further ahead counts as past: nobody stays silent by promising much.
inline constexpr UtcMicros kMostDueAhead = 86'400'000'000;
/// Between an ERASE leaf and the moment when the values are gone from the stores.
inline constexpr UtcMicros kLongestErasure = 600'000'000;

/// What the clocks of two agents may be apart, where the times of their leaves are held against each other.
inline constexpr UtcMicros kMostApart = 600'000'000;

/// Whether its newest proven leaf says that more is still to come.
bool is_alive(const EpochFacts& facts, UtcMicros now);
/// Whether it has neither ended nor passed its due time; so its unconfirmed leaves may be in a store or not.
bool is_pending_fine(const EpochFacts& facts, UtcMicros now);

/// One walk: take() each group, then finish(). The facts are those that the TruthFinder left.
class LeafCheck {
 public:
  struct Parts {
    EpochRegister& book;
    FindingLog& log;
    UtcMicros now = 0;
    std::vector<StoreSide> stores;  ///< That are read.
  };
  explicit LeafCheck(Parts parts) : parts_(std::move(parts)) {}
  void take(const LeafGroup& group);
  void finish();

  std::uint64_t pending = 0;
  std::uint64_t proven = 0;
  std::uint64_t walked_epochs = 0;
  std::optional<UtcMicros> pruned_until;  ///< No leaf that a PRUNE leaf names, and that is gone, is of a later time.
  BareRepeats bare_repeats;

 private:
  using Place = FindingRuns::Place;
  void begin_epoch(std::uint32_t number);
  void end_epoch();
  void tell_epoch_state();
  void check_roots(const LeafGroup& group);
  void check_root(const RootClaim& claim, std::uint64_t size, const std::vector<RootClaim>& all);
  void check_leaf(const LeafGroup& group);
  void check_proven(const LeafGroup& group, const Digest& truth);
  void check_proven_tiles(const LeafGroup& group, const Digest& truth, const RowClaim* row);
  const RowClaim* check_rows(const LeafGroup& group, StoreSide store, const std::optional<Digest>& truth);
  void check_good_row(const LeafGroup& group, const RowClaim& row);
  void check_erasure(const LeafGroup& group, const RowClaim& row);
  void note_bare(const LeafGroup& group, const RowClaim& row);
  void settle_bare(UtcMicros now);
  void settle_bare_at_end();
  void check_unproven(const LeafGroup& group);
  void check_unproven_store(const LeafGroup& group, StoreSide store);
  void tell_foreign(const LeafGroup& group, const std::string& words);
  void absent(std::uint64_t index, StoreSide store, const RowClaim* known);
  void absent_everywhere(std::uint64_t end);
  void note_pruned(const Declaration& said, const RowClaim* known);
  void settle_pruned(UtcMicros latest);
  const Declaration* declared(std::uint64_t index, StoreSide store) const;
  bool is_beyond(std::uint64_t index) const;
  bool is_demanded(std::uint64_t index) const;
  Place place(std::uint64_t index, std::optional<StoreSide> store, const RowClaim* row) const;

  Parts parts_;
  bool has_epoch_ = false;
  std::uint32_t number_ = 0;  ///< Of the epoch.
  EpochFacts* facts_ = nullptr;
  FindingRuns runs_;
  LeafRules rules_;
  Frontier tree_;
  std::uint64_t expected_ = 0;
  std::optional<UtcMicros> last_leaf_at_;  ///< accept_us of the leaf before the next, where a row shows it.
  std::vector<Declaration> declarations_;
  struct Bare {
    std::uint64_t index = 0;
    StoreSide store = StoreSide::kPostgres;
    UtcMicros erased_at = 0;  ///< By the first ERASE leaf that names it.
  };
  std::vector<Bare> bare_;  ///< Of which it is not known yet when the store had them.
  std::uint64_t tail_ = 0;  ///< Leaves that no root covers.
  /// Since the last leaf whose time is known, some were pruned, at the latest then.
  std::optional<UtcMicros> pruned_before_;
};

}  // namespace twinlog
