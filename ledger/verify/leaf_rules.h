// What one proven leaf after the other must obey within its epoch, beyond the form of a single leaf: order, time,
// tallies, and that a tenant's count has no gap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "ledger/leaf/leaf.h"
#include "ledger/verify/leaf_claims.h"

namespace twinlog {

class LeafRules {
 public:
  LeafRules() = default;
  LeafRules(const Uuid& epoch_id, std::string origin) : epoch_id_(epoch_id), origin_(std::move(origin)) {}

  struct Broken {
    Verdict verdict = Verdict::kBadLeaf;
    std::string words;
  };
  /// The leaves in order; each is proven. Null: of this one only the hash is known.
  std::optional<Broken> take(std::uint64_t index, const RowClaim* row);
  std::optional<UtcMicros> newest_accept_at() const { return accept_at_; }
  /// As the newest HEARTBEAT or CLOSE says.
  const EpochTally& tally() const { return tally_; }

 private:
  std::optional<Broken> take_event(const RowClaim& row);
  std::optional<Broken> take_own(std::uint64_t index, const RowClaim& row);
  std::optional<Broken> take_tally(std::uint64_t index, const EpochTally& tally);

  Uuid epoch_id_{};
  std::string origin_;
  std::optional<UtcMicros> accept_at_;
  std::uint64_t events_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t under_checkpoint_ = 0;  ///< Size of the tree that ends with the newest leaf a checkpoint may lie over.
  EpochTally tally_;
  bool is_closed_ = false;
  std::unordered_map<std::string, std::uint64_t> tenants_;  ///< Next count.
};

}  // namespace twinlog
