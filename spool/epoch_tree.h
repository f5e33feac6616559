// The tree of the epoch under way. A commit works on a draft of it, which is taken over once the batch is on stable
// storage, or dropped.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "ledger/tree/frontier.h"
#include "spool/epoch.h"

namespace twinlog {

class EpochTree {
 public:
  EpochTree() = default;
  EpochTree(const Uuid& id, std::uint64_t base) : id_(id), base_(base) {}

  const Uuid& id() const { return id_; }
  std::uint64_t base() const { return base_; }
  const Frontier& frontier() const { return frontier_; }
  TreeState state() const;

 private:
  friend class TreeDraft;
  Uuid id_{};
  std::uint64_t base_ = 0;
  Frontier frontier_;
  std::uint64_t events_ = 0;
  std::unordered_map<std::string, std::uint64_t> tenants_;  ///< Events of each so far.
  UtcMicros last_accept_at_ = 0;
};

/// What a tree becomes. Lives no longer than it, and the tree stays as it is meanwhile.
class TreeDraft {
 public:
  TreeDraft(const EpochTree& tree, UtcMicros now);

  const Uuid& epoch_id() const { return tree_->id_; }
  std::uint64_t base() const { return tree_->base_; }
  /// Of the next leaf.
  std::uint64_t index() const { return frontier_.size(); }
  /// Of every leaf of the draft: times never go back.
  UtcMicros accept_at() const { return accept_at_; }
  TreeState state() const;

  /// The next leaf is an event's: its place among those of the tenant.
  std::uint64_t take_tenant_seq(const std::string& tenant_id);
  void append(const Digest& leaf_hash);

  /// The tree becomes this.
  void install(EpochTree& tree) &&;

 private:
  const EpochTree* tree_;
  Frontier frontier_;
  std::uint64_t events_;
  UtcMicros accept_at_;
  std::unordered_map<std::string, std::uint64_t> tenants_;  ///< Those that the draft changes.
  std::uint64_t new_tenants_ = 0;
};

}  // namespace twinlog
