// Takes everything that one store holds, makes each row's leaf again and writes what it claims into sorted files. For
// one thread, which it gives two others to; the files and counts are the caller's to read afterwards.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "ledger/verify/epoch_lookup.h"
#include "ledger/verify/epoch_register.h"
#include "ledger/verify/finding.h"
#include "ledger/verify/gone_events.h"
#include "ledger/verify/leaf_claims.h"
#include "ledger/verify/row_lane.h"
#include "ledger/verify/sorted_file.h"
#include "ledger/verify/version_claims.h"
#include "plugins/api/ledger_reader.h"

namespace twinlog {

/// Epochs that rows name and nothing else does: so many are told one by one.
inline constexpr std::size_t kMostStrangeEpochs = 1000;

struct StrangeEpoch {
  std::uint64_t rows = 0;
  std::uint64_t first_index = 0;
  std::string tenant_id;
  std::string log_id;
};

/// What is read, for whoever shows progress.
struct IntakeProgress {
  std::atomic<std::uint64_t> rows{0};
  std::atomic<std::uint64_t> rows_expected{0};
};

class StoreIntake {
 public:
  struct Parts {
    StoreSide side = StoreSide::kPostgres;
    LedgerReader& reader;
    EpochRegister& book;
    FindingLog& log;
    SortSettings sorting;
    std::optional<UtcMicros> unproved_before = {};
    IntakeProgress* progress = nullptr;
  };
  explicit StoreIntake(Parts parts);

  /// Accounts, tiles, leaves, rows, of one moment where the store can do that: a row of PostgreSQL without a tile was
  /// not written by an agent. Beginnings must be taken before (take_opening).
  StoreStatus run();
  /// The OPEN leaf of a row of ledger_epochs.
  Status take_opening(std::uint32_t epoch, std::string_view open);
  Status finish();

  const SortedFile& leaves() const { return leaves_; }
  SortedFile& leaves() { return leaves_; }
  const SortedFile& events() const { return events_; }
  const SortedFile& accounts() const { return accounts_; }
  StoreSide side() const { return parts_.side; }

  std::uint64_t records = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t account_rows = 0;
  std::uint64_t unproved = 0;
  std::map<Uuid, StrangeEpoch> strangers;
  ErasedVersions erased;

 private:
  StoreStatus read_tables();
  StoreStatus read_rows();
  Status take(LedgerAccountRow&& row);
  Status take(LedgerTileRow&& row);
  Status take(LedgerLeafRow&& row);
  void hash(HashedRow& hashed, EpochLookup& epochs) const;
  Status take(HashedRow&& hashed);
  Status take_early_row(HashedRow&& hashed);
  Status add_row_claim(HashedRow& hashed, std::uint32_t epoch);
  Status add_event_claim(HashedRow& hashed, LeafSpot spot);
  Status add_account_claims(LedgerRow&& row, LeafSpot spot);
  Status add_further(const LedgerLeafRow& row, const EventLeaf& leaf, LeafSpot spot);
  void add_stranger(const Uuid& id, std::uint64_t index, std::string tenant_id, std::string log_id);
  void tell(Verdict verdict, std::string detail, const std::string& origin = {});

  Parts parts_;
  SortedFile leaves_;
  SortedFile events_;
  SortedFile accounts_;
  std::unordered_set<std::string> further_keys_;  ///< Digests of events that were accepted again.
  EpochLookup epochs_;
  std::string buffer_;
};

/// A bit for each field number that is there.
std::uint32_t present_fields(const AuthEvent& event);

}  // namespace twinlog
