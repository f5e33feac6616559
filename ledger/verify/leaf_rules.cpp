#include "ledger/verify/leaf_rules.h"

#include <algorithm>
#include <utility>

namespace twinlog {
namespace {

LeafRules::Broken bad_leaf(std::string words) {
  return {Verdict::kBadLeaf, std::move(words)};
}

bool goes_back(const EpochTally& older, const EpochTally& newer) {
  return newer.previous_checkpoint < older.previous_checkpoint || newer.accepted < older.accepted ||
         newer.duplicate < older.duplicate || newer.conflict < older.conflict || newer.rejected < older.rejected ||
         newer.busy < older.busy || newer.boottime_micros < older.boottime_micros;
}

}  // namespace

std::optional<LeafRules::Broken> LeafRules::take(std::uint64_t index, const RowClaim* row) {
  if (row == nullptr) {
    ++unknown_;
    return std::nullopt;
  }
  if (is_closed_) {
    return bad_leaf("a leaf behind CLOSE");
  }
  if (accept_at_ && row->accept_at < *accept_at_) {
    return bad_leaf("accept_us goes back");
  }
  accept_at_ = row->accept_at;
  if (row->kind == RowClaim::Kind::kOwn) {
    return take_own(index, *row);
  }
  if (index == 0) {
    return bad_leaf("the first leaf is no OPEN");
  }
  return take_event(*row);
}

std::optional<LeafRules::Broken> LeafRules::take_event(const RowClaim& row) {
  ++events_;
  std::uint64_t& next = tenants_[row.tenant_id];
  const std::uint64_t expected = next;
  next = std::max(next, row.tenant_seq + 1);
  if (row.tenant_seq < expected) {
    return Broken{Verdict::kTenantGap, "tenant_seq " + std::to_string(row.tenant_seq) + " came before"};
  }
  if (row.tenant_seq - expected > unknown_) {
    return Broken{Verdict::kTenantGap,
                  "tenant_seq " + std::to_string(row.tenant_seq) + " where " + std::to_string(expected) + " is due"};
  }
  return std::nullopt;
}

std::optional<LeafRules::Broken> LeafRules::take_own(std::uint64_t index, const RowClaim& row) {
  const Result<Leaf> leaf = parse_leaf(row.leaf);
  if (!leaf) {
    return bad_leaf(leaf.error().message());
  }
  if (leaf->header.epoch_id != epoch_id_ || leaf->header.index != index) {
    return bad_leaf("epoch or index of the leaf is not its place");
  }
  if ((index == 0) != std::holds_alternative<OpenLeaf>(leaf->content)) {
    return bad_leaf("the first leaf is no OPEN");
  }
  if (const auto* open = std::get_if<OpenLeaf>(&leaf->content)) {
    under_checkpoint_ = 1;
    return origin_.empty() || open->origin == origin_ ? std::nullopt
                                                      : std::optional(bad_leaf("origin is not that of the epoch"));
  }
  if (const auto* heartbeat = std::get_if<HeartbeatLeaf>(&leaf->content)) {
    return take_tally(index, heartbeat->tally);
  }
  if (const auto* close = std::get_if<CloseLeaf>(&leaf->content)) {
    is_closed_ = true;
    return take_tally(index, close->tally);
  }
  return std::nullopt;
}

std::optional<LeafRules::Broken> LeafRules::take_tally(std::uint64_t index, const EpochTally& tally) {
  const EpochTally older = std::exchange(tally_, tally);
  const std::uint64_t under = std::exchange(under_checkpoint_, index + 1);
  if (goes_back(older, tally)) {
    return bad_leaf("a count goes back");
  }
  if (tally.previous_checkpoint > under) {
    return bad_leaf("the checkpoint before is larger than the tree was");
  }
  if (tally.accepted < events_ || tally.accepted > events_ + unknown_) {
    return bad_leaf("accepted says " + std::to_string(tally.accepted) + ", below lie " + std::to_string(events_));
  }
  if (tally.confirmed_postgres > index || tally.confirmed_mongodb > index) {
    return bad_leaf("more leaves confirmed than there were");
  }
  return std::nullopt;
}

}  // namespace twinlog
