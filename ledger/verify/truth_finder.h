// Finds for every epoch which leaf hashes give the roots that were signed, interval by interval, out of what the stores
// claim; and what the leaves that are proven by it say of other leaves and trees.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "ledger/leaf/leaf.h"
#include "ledger/tree/frontier.h"
#include "ledger/verify/epoch_register.h"
#include "ledger/verify/leaf_claims.h"

namespace twinlog {

/// Mixtures of what the sources say that are tried where they differ and none alone gives the root.
inline constexpr std::size_t kMostMixtures = 1024;

/// The hash of the leaf, where it is proven (spot.index < proven_end), from what is claimed about it.
std::optional<Digest> true_hash(const EpochFacts& facts, const LeafGroup& group);

/// What proven leaves say, for the next walk: records of RootClaim and Declaration.
using TellingSink = std::function<Status(LeafSpot, const std::variant<RootClaim, Declaration>&)>;

/// One walk: take() each group, then finish(). Writes the part of EpochFacts that proven leaves decide.
class TruthFinder {
 public:
  TruthFinder(EpochRegister& book, TellingSink tell) : book_(book), tell_(std::move(tell)) {}
  Status take(const LeafGroup& group);
  Status finish();
  /// Whether a leaf demands more of another epoch than this walk took into account: another walk is due.
  bool is_unfinished() const { return is_unfinished_; }

 private:
  struct Path {
    Frontier frontier;
    std::vector<std::pair<std::uint64_t, Digest>> picks;
    bool is_alive = true;
  };
  struct HeldLeaf {
    std::uint64_t index = 0;
    Digest hash{};
    SourceHashes sources;
    Leaf leaf;
  };
  enum class Proof : std::uint8_t { kProven, kTail };

  Status begin_epoch(std::uint32_t number);
  Status end_epoch();
  void begin_interval();
  bool is_to_be_reached(const LeafGroup& group) const;
  Status reach(const LeafGroup& group);
  void add_leaf(const LeafGroup& group);
  void part_ways();
  void extend_paths(const LeafGroup& group, const std::vector<Digest>& hashes);
  void branch(std::uint64_t index, const std::vector<Digest>& hashes);
  std::optional<TruthException> settle(const std::vector<RootClaim>& roots);
  void fail(std::uint64_t size);
  void hold_own_leaves(const LeafGroup& group);
  Status hear_leaves(const EpochFacts& facts, Proof proof);
  Status hear(const Leaf& leaf, Proof proof);
  void hear_tally(const EpochTally& tally, UtcMicros accept_at);
  Status hear_open(const OpenLeaf& open, std::uint64_t index);
  Status hear_ranges(const std::vector<EpochRange>& ranges, Declaration declaration);
  Status demand(const Witness& witness, RootClaim::Source source);

  EpochRegister& book_;
  TellingSink tell_;
  bool is_unfinished_ = false;
  bool has_epoch_ = false;
  std::uint32_t epoch_ = 0;
  EpochFacts* facts_ = nullptr;
  std::uint64_t next_index_ = 0;
  std::uint64_t interval_begin_ = 0;
  bool has_hole_ = false;
  bool has_parted_ = false;
  Frontier common_;
  std::array<Path, 4> pure_;
  std::vector<Path> mixtures_;
  std::uint64_t mixture_work_ = 0;
  std::vector<HeldLeaf> held_;
};

}  // namespace twinlog
