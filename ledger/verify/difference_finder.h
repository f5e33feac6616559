// Finds, while a verification walks through both stores, what one of them holds, provably, and the other lacks. Nothing
// is taken for whole that does not come to the hash that was signed; what was changed where it lies is no lack.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "ledger/verify/lack.h"
#include "ledger/verify/papers.h"
#include "ledger/verify/sorted_file.h"
#include "ledger/verify/verify_watch.h"

namespace twinlog {

/// Rows that are not what was signed, and events that cannot be put back: of so many is known which accounts they speak
/// to. Where there are more, no account is made again.
inline constexpr std::size_t kMostFaultyRows = 100'000;
/// Hashes in one tile that is made again.
inline constexpr std::size_t kMostTileHashes = 4096;

class DifferenceFinder final : public VerifyWatch {
 public:
  /// Of an epoch of which something is lacking.
  struct EpochName {
    std::string origin;
    std::string agent;
  };
  /// Is told what cannot be put back although the other store has it, and why.
  using RefusalSink = std::function<void(const Lack&, const EpochName&, const std::string& why)>;
  struct Parts {
    SortSettings sorting;
    UtcMicros now = 0;
    RefusalSink refuse;
    /// Rows from before the ledger, which no leaf proves, count for accounts.
    bool are_early_rows_accepted = false;
  };
  /// An event that a store lacks and does not get.
  struct Missed {
    StoreSide store = StoreSide::kPostgres;
    EventKey key;
  };
  explicit DifferenceFinder(const Parts& parts);

  Status take(StoreSide store, const LedgerCheckpointRow& row) override;
  Status take(StoreSide store, const LedgerEpochRow& row) override;
  Status take(const LeafGroup& group, std::uint32_t epoch, EpochRegister& book) override;
  Status take(const AccountDifference& difference) override;
  bool is_sound(StoreSide store, LeafSpot spot) const override;
  /// After the verification.
  Status finish();

  /// Records of Lack, and of AccountLack.
  const SortedFile& lacks() const { return lacks_; }
  const SortedFile& accounts() const { return accounts_; }
  EpochName name_of(const Uuid& epoch_id) const;
  /// At most kMostFaultyRows.
  const std::vector<Missed>& missed() const { return missed_; }

 private:
  /// A tile in the making, of leaves of which a store has none.
  struct TileRun {
    std::uint64_t first = 0;
    std::string hashes;
    UtcMicros first_at = 0;
    std::uint64_t sure = 0;  ///< So many of its leaves, up to the last one of which the time is known ...
    UtcMicros last_at = 0;   ///< ... which is this.
    bool is_unproved = false;
  };
  struct Truth {
    Digest hash{};
    bool is_unproved = false;
  };
  Status begin_epoch(std::uint32_t epoch);
  Status end_epoch();
  std::optional<Truth> truth_of(const LeafGroup& group) const;
  bool is_due(const EpochFacts& facts, StoreSide store, std::uint64_t index) const;
  Status spoil(const RowClaim& row, LeafSpot spot);
  void refuse(const Lack& lack, const std::string& why);
  Status take_rows(const LeafGroup& group, const std::optional<Truth>& truth, StoreSide store);
  Status take_lacking_row(const LeafGroup& group, const Truth& truth, StoreSide store);
  std::optional<std::string> objection(const LeafGroup& group, const RowClaim& row, StoreSide store) const;
  Status take_tiles(const LeafGroup& group, const Truth& truth, StoreSide store);
  Status flush_tile(StoreSide store);
  Lack lack_of(const EpochFacts& facts, StoreSide store, Lack::Kind kind, std::uint64_t index);
  Status take_papers();
  Status take_paper_of(const EpochFacts& facts, const Paper& paper, StoreSide lacking);
  Status join_keys();

  Parts parts_;
  SortedFile papers_;
  SortedFile keyed_;
  SortedFile lacks_;
  SortedFile accounts_;
  EpochRegister* book_ = nullptr;
  std::optional<std::uint32_t> epoch_;
  EpochFacts facts_;  ///< Of that epoch; a copy, since the verification ends before finish().
  std::vector<Declaration> declarations_;
  std::array<TileRun, kStoreSides> runs_;
  std::map<Uuid, EpochName> names_;
  std::unordered_set<std::uint64_t> faulty_;  ///< Spots, by store.
  std::vector<Missed> missed_;
};

}  // namespace twinlog
