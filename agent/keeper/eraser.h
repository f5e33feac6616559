// Empties fields of records in every store, after a leaf that says so lies under a checkpoint in every store.
//
// Order: the rights of every keeper; what this agent still had to deliver; the leaf over the versions of all stores
// together; its checkpoint in every store; the values; the spool. Whatever stops it in between, the same order again
// finishes it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/keeper/keeping.h"
#include "agent/keeper/orders.h"
#include "ledger/record/ledger_part.h"

namespace twinlog {

/// A plain object for one order.
class Eraser {
 public:
  static constexpr std::size_t kBatch = 500;  ///< Keys under one checkpoint.
  static constexpr int kMostRounds = 5;       ///< Of new versions turning up while the leaf was on its way.

  Eraser(EraseOrder order, std::vector<KeptStore>& stores, const KeeperAgent& agent)
      : order_(std::move(order)), stores_(stores), agent_(agent) {}

  /// What was done, in words. An Error: what was not, or not in every store.
  Result<std::string> run();

 private:
  using Places = std::set<LeafPlace>;
  struct Found {
    Places all;                 ///< United over the stores.
    std::uint64_t lacking = 0;  ///< That a store does not have and may get; counted per store.
    std::uint64_t records = 0;  ///< In any store.
  };

  Status connect();
  Result<std::vector<EventKey>> keys();
  Status check_letters(const std::vector<EventKey>& keys);
  Result<Found> look(std::span<const EventKey> keys);
  Result<std::uint64_t> count_lacking(const std::vector<Places>& of_stores, const Places& all);
  Status declare(std::span<const EventKey> keys);
  Status erase(std::span<const EventKey> keys);
  Result<std::string> report() const;

  const EraseOrder order_;
  std::vector<KeptStore>& stores_;
  const KeeperAgent& agent_;
  std::map<std::string, ErasureReport> done_;     ///< By store.
  std::optional<std::vector<GivenUp>> given_up_;  ///< Read where a store lacks anything.
  std::uint64_t records_ = 0;
  std::uint64_t lacking_ = 0;
};

}  // namespace twinlog
