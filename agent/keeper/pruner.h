// Takes whole old records out of every store, after leaves that say so lie under a checkpoint in every store.
//
// Only what every store has alike, and of which every version is old enough. The order is that of the eraser. The store
// that is asked for the keys goes last: what was broken off is found there again, and a leaf that names it already is
// as good as a new one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/keeper/keeping.h"
#include "agent/keeper/orders.h"
#include "ledger/record/ledger_part.h"

namespace twinlog {

/// A plain object for one order.
class Pruner {
 public:
  Pruner(PruneOrder order, std::vector<KeptStore>& stores, const KeeperAgent& agent)
      : order_(std::move(order)), stores_(stores), agent_(agent) {}

  /// What was done, or would be, in words. An Error: what was not, or not in every store.
  Result<std::string> run();

 private:
  /// A record as all stores have it.
  struct Seen {
    std::size_t stores = 0;
    bool is_alike = true;
    UtcMicros newest = 0;
    std::set<LeafPlace> places;
  };
  /// Of one page.
  struct Page {
    std::vector<EventKey> keys;  ///< That are to go.
    std::set<LeafPlace> undeclared;
  };

  Status connect();
  Result<std::map<EventKey, Seen>> look(std::span<const EventKey> keys);
  Result<Page> choose(std::span<const EventKey> keys);
  /// Whether leaves of an earlier order name all of it.
  Result<bool> is_declared(const Seen& seen);
  Status prune(const Page& page);
  std::string report() const;

  const PruneOrder order_;
  std::vector<KeptStore>& stores_;
  const KeeperAgent& agent_;
  std::optional<std::vector<EpochRange>> declared_;  ///< Asked for only where it matters.
  std::uint64_t records_ = 0;
  std::uint64_t versions_ = 0;  ///< Leaves.
  std::uint64_t younger_ = 0;
  std::uint64_t not_alike_ = 0;
  UtcMicros oldest_ = 0;
  UtcMicros newest_ = 0;
  std::set<std::string> tenants_;
};

}  // namespace twinlog
