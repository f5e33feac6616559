// An epoch of an agent as its spool hands it to the store: leaves with places, tiles over them, and what lies between.
#pragma once

#include <string>
#include <vector>

#include "tests/postgres/rig.h"

namespace twinlog::testing {

/// Accepts events with a place in the ledger, and flushes them with the tile that belongs to them. Its hashes and notes
/// are made up: no store looks into them.
class LedgerAgent {
 public:
  explicit LedgerAgent(const Database& database, std::uint8_t number = 1, const std::string& user = "postgres");

  Version accept(AuthEvent event);
  std::vector<Version> accept_all(const std::vector<AuthEvent>& events);
  /// A leaf of the agent's own at the next index.
  OwnLeaf own_leaf(const std::string& bytes);
  LedgerTile tile_over(std::uint64_t first, std::uint64_t count) const;

  /// Versions and own leaves with a tile over all of them, and their position.
  FlushBatch batch(const std::vector<Version>& versions, std::vector<OwnLeaf> own = {});
  StoreResult<FlushReport> try_flush(const FlushBatch& batch);
  /// Fails the test where the store does.
  FlushReport flush(const FlushBatch& batch);
  FlushReport flush(const std::vector<Version>& versions) { return flush(batch(versions)); }
  FlushReport deliver(const std::vector<AuthEvent>& events) { return flush(accept_all(events)); }

  Store& store() { return *store_; }
  const Uuid& epoch() const { return epoch_; }
  /// Goes on in another epoch of the same spool.
  void begin(std::uint8_t number);

 private:
  Uuid epoch_{};
  std::string name_ = "agent";
  std::unique_ptr<Store> store_;
  std::uint64_t next_index_ = 0;
  std::uint64_t next_seq_ = 0;
};

/// What a reader of the whole store gives, in the order of the tables.
struct WholeStore {
  std::vector<LedgerCheckpointRow> checkpoints;
  std::vector<LedgerEpochRow> epochs;
  std::vector<LedgerAccountRow> accounts;
  std::vector<LedgerTileRow> tiles;
  std::vector<LedgerLeafRow> leaves;
  std::vector<LedgerRow> rows;
  std::vector<BrokenRow> broken;
};
/// Fails the test where something cannot be read.
WholeStore whole_store(LedgerReader& reader);
WholeStore whole_store(const Database& database, const std::string& user = "postgres");

}  // namespace twinlog::testing
