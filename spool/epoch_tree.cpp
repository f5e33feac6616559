#include "spool/epoch_tree.h"

#include <algorithm>
#include <utility>

namespace twinlog {

TreeState EpochTree::state() const {
  return {.epoch_id = id_,
          .size = frontier_.size(),
          .root = frontier_.root(),
          .events = events_,
          .tenants = tenants_.size(),
          .last_accept_at = last_accept_at_};
}

TreeDraft::TreeDraft(const EpochTree& tree, UtcMicros now)
    : tree_(&tree), frontier_(tree.frontier_), events_(tree.events_), accept_at_(std::max(now, tree.last_accept_at_)) {}

TreeState TreeDraft::state() const {
  return {.epoch_id = tree_->id_,
          .size = frontier_.size(),
          .root = frontier_.root(),
          .events = events_,
          .tenants = tree_->tenants_.size() + new_tenants_,
          .last_accept_at = accept_at_};
}

std::uint64_t TreeDraft::take_tenant_seq(const std::string& tenant_id) {
  const auto [known, is_new] = tenants_.try_emplace(tenant_id, 0);
  if (is_new) {
    const auto before = tree_->tenants_.find(tenant_id);
    known->second = before == tree_->tenants_.end() ? 0 : before->second;
    new_tenants_ += before == tree_->tenants_.end() ? 1U : 0U;
  }
  ++events_;
  return known->second++;
}

void TreeDraft::append(const Digest& leaf_hash) {
  frontier_.append(leaf_hash);
}

void TreeDraft::install(EpochTree& tree) && {
  tree.frontier_ = std::move(frontier_);
  tree.events_ = events_;
  tree.last_accept_at_ = accept_at_;
  for (auto& [tenant_id, next] : tenants_) {
    tree.tenants_[tenant_id] = next;
  }
}

}  // namespace twinlog
