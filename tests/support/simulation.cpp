#include "tests/support/simulation.h"

#include <algorithm>

namespace twinlog::testing {

void KeptLog::write(LogLevel /*level*/, std::string_view event, std::string_view words,
                    std::span<const LogField> fields) {
  const std::scoped_lock lock(mutex_);
  ++counts_[std::string(event)];
  text_.append(event).append(": ").append(words);
  for (const LogField& field : fields) {
    text_.append(" ").append(field.name).append("=").append(field.value);
  }
  text_.push_back('\n');
}

std::size_t KeptLog::count(std::string_view event) const {
  const auto found = counts_.find(event);
  return found == counts_.end() ? 0 : found->second;
}

namespace {

std::uint64_t leaf_of(const std::optional<AgentPosition>& position) {
  return position ? position->last_leaf : 0;
}

}  // namespace

StoreResult<std::vector<std::optional<AgentPosition>>> MemoryStore::connect(std::span<const Uuid> epochs) {
  if (is_away_) {
    return StoreError{.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "connection refused"};
  }
  is_connected_ = true;
  expected_leaves_.clear();
  std::vector<std::optional<AgentPosition>> positions;
  for (const Uuid& epoch_id : epochs) {
    positions.push_back(position_of(epoch_id));
    expected_leaves_[epoch_id] = leaf_of(positions.back());
    newest_ = positions_.empty() ? epoch_id : newest_;
  }
  return positions;
}

std::optional<AgentPosition> MemoryStore::position_of(const Uuid& epoch_id) const {
  const auto found = positions_.find(epoch_id);
  return found == positions_.end() ? std::nullopt : std::optional(found->second);
}

StoreResult<FlushReport> MemoryStore::flush(const FlushBatch& batch) {
  ++flushes_;
  if (is_away_ || !is_connected_) {
    is_connected_ = false;
    return StoreError{.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "connection lost"};
  }
  if (leaf_of(position_of(batch.epoch_id)) != expected_leaves_[batch.epoch_id]) {
    is_connected_ = false;
    return StoreError{.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "position has changed"};
  }
  if (refusal_ && batch.versions.size() > refused_above_) {
    return *refusal_;
  }
  FlushReport report{.round_trips = 1};
  largest_batch_ = std::max(largest_batch_, batch.versions.size());
  if (const std::vector<std::uint64_t> hit = refused_leaves(batch);
      !hit.empty() && event_refusal_->reaction != Reaction::kPoison) {
    StoreError unknown = *event_refusal_;
    unknown.leaves = hit.size() < batch.versions.size() ? hit : std::vector<std::uint64_t>();
    return unknown;
  }
  for (const Version& version : batch.versions) {
    if (event_refusal_ && refused_ids_.contains(version.event.log_id)) {
      report.refused.push_back({version.leaf_index, *event_refusal_});
      continue;
    }
    const bool is_new = records_.try_emplace({version.event.tenant_id, version.event.log_id}, version).second;
    ++(is_new ? report.inserted : report.duplicates);
    ++writes_[version.event.log_id];
  }
  keep(batch);
  if (replies_to_lose_ > 0) {
    --replies_to_lose_;
    is_connected_ = false;
    return StoreError{.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = "reply lost"};
  }
  return report;
}

void MemoryStore::keep(const FlushBatch& batch) {
  newest_ = batch.epoch_id;
  if (!batch.is_replay) {
    positions_[newest_] = batch.position;
    expected_leaves_[newest_] = batch.position.last_leaf;
  }
  for (const Uuid& closed : batch.closed) {
    ledger_[closed].is_closed = true;
  }
  if (batch.ledger.is_empty()) {
    return;
  }
  Ledger& ledger = ledger_[newest_];
  ledger.beginning = batch.ledger.beginning ? batch.ledger.beginning : ledger.beginning;
  for (const LedgerTile& tile : batch.ledger.tiles) {
    for (std::size_t i = 0; i < tile.hashes.size(); ++i) {
      ledger.hashes.try_emplace(tile.first_index + i, tile.hashes[i]);
    }
  }
  for (const OwnLeaf& own : batch.ledger.own_leaves) {
    ledger.own_leaves.try_emplace(own.index, own.leaf);
  }
  for (const LedgerCheckpoint& checkpoint : batch.ledger.checkpoints) {
    ledger.checkpoints.try_emplace(checkpoint.size, checkpoint);
  }
}

std::vector<std::uint64_t> MemoryStore::refused_leaves(const FlushBatch& batch) const {
  std::vector<std::uint64_t> leaves;
  for (const Version& version : batch.versions) {
    if (event_refusal_ && refused_ids_.contains(version.event.log_id)) {
      leaves.push_back(version.leaf_index);
    }
  }
  return leaves;
}

void MemoryStore::forget_above(std::uint64_t leaf, UtcMicros newest_effective_at) {
  forget_silently(leaf, newest_effective_at);
  is_connected_ = false;
}

void MemoryStore::forget_silently(std::uint64_t leaf, UtcMicros newest_effective_at) {
  std::erase_if(records_,
                [&](const auto& entry) { return entry.second.epoch_id == newest_ && entry.second.leaf_index > leaf; });
  if (leaf == 0) {
    positions_.erase(newest_);
  } else {
    positions_[newest_] = AgentPosition{.last_leaf = leaf, .newest_effective_at = newest_effective_at};
  }
}

void MemoryStore::set_position(std::uint64_t leaf) {
  positions_[newest_] = AgentPosition{.last_leaf = leaf};
  is_connected_ = false;
}

std::vector<std::string> MemoryStore::log_ids() const {
  std::vector<std::string> ids;
  for (const auto& [key, version] : records_) {
    ids.push_back(key.log_id);
  }
  return ids;
}

std::size_t MemoryStore::writes_of(const std::string& log_id) const {
  const auto found = writes_.find(log_id);
  return found == writes_.end() ? 0 : found->second;
}

}  // namespace twinlog::testing
