// Reading of a store what the proof of one event needs, for `twinlog prove`: by key, and no more. Implementations:
// plugins/postgres, plugins/mongodb. Nothing in what is read is trusted. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/api/ledger_reader.h"

namespace twinlog {

/// Versions of one event that are read at most: a store may hold any number of forged conflicts.
inline constexpr std::size_t kMostVersionsRead = 1000;

class ProofReader {
 public:
  virtual ~ProofReader() = default;
  /// Connects. The error says what is missing and what to do.
  virtual StoreStatus open() = 0;
  /// The record, then its conflicts, at most kMostVersionsRead.
  virtual StoreResult<std::vector<LedgerRow>> versions(const EventKey& key) = 0;
  virtual StoreResult<std::optional<LedgerEpochRow>> epoch(const Uuid& epoch_id) = 0;
  /// Those over the leaf, the smallest first, at most so many.
  virtual StoreResult<std::vector<LedgerCheckpointRow>> checkpoints(const LeafPlace& leaf, std::size_t most) = 0;
  /// Those that begin below `size`, in their order. An Error of the sink ends the reading and comes back.
  virtual StoreStatus tiles(const Uuid& epoch_id, std::uint64_t size, const RowSink<LedgerTileRow>& sink) = 0;
};

}  // namespace twinlog
