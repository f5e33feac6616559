#include "plugins/mongodb/own_lines.h"

#include <algorithm>
#include <utility>

namespace twinlog::mongodb {

StoreResult<std::vector<std::optional<AgentPosition>>> OwnLines::read(Client& client, std::span<const Uuid> epochs,
                                                                      AppliedEpochs& applied) {
  lines_.clear();
  auto lines = read_lines(client, {epochs.begin(), epochs.end()});
  if (!lines) {
    return std::move(lines).error();
  }
  applied.note(*lines);
  std::vector<std::optional<AgentPosition>> positions;
  for (const Uuid& epoch_id : epochs) {
    const auto found = lines->find(epoch_id);
    const AgentLine line = found == lines->end() ? AgentLine{} : found->second;
    lines_[epoch_id] = {.line = line, .attempt = std::nullopt};
    positions.push_back(line.delivered());
  }
  return positions;
}

std::set<Uuid> OwnLines::epochs() const {
  std::set<Uuid> epochs;
  for (const auto& [epoch_id, own] : lines_) {
    epochs.insert(epoch_id);
  }
  return epochs;
}

StoreStatus OwnLines::settle(Client& client, const FlushBatch& batch) {
  const bool is_unknown = batch.is_replay && !lines_.contains(batch.epoch_id);
  Own& own = lines_[batch.epoch_id];
  if (!own.attempt && !is_unknown) {
    return std::nullopt;
  }
  auto line = read_line(client, batch.epoch_id);
  if (!line) {
    if (is_unknown) {
      lines_.erase(batch.epoch_id);
    }
    return std::move(line).error();
  }
  const std::uint64_t delivered = line->leaves.delivered;
  if (own.attempt && delivered != own.line.leaves.delivered && delivered != *own.attempt) {
    return position_moved();
  }
  own = {.line = *std::move(line), .attempt = std::nullopt};
  return std::nullopt;
}

StoreStatus OwnLines::begin(Client& client, const FlushBatch& batch, const std::string& token,
                            const std::vector<std::string>& record_ids) {
  Own& own = lines_[batch.epoch_id];
  const Epoch of = epoch(batch.epoch_id);
  auto failed = batch.is_replay ? begin_replay(client, of, own.line, token, record_ids)
                                : begin_flush(client, of, own.line, batch.position.last_leaf, record_ids);
  if (failed) {
    own.attempt = own.line.leaves.delivered;
  }
  return failed;
}

StoreStatus OwnLines::end(Client& client, const FlushBatch& batch, AppliedEpochs& applied) {
  Own& own = lines_[batch.epoch_id];
  const Epoch of = epoch(batch.epoch_id);
  auto failed =
      batch.is_replay ? end_replay(client, of, own.line) : write_position(client, of, own.line, batch.position);
  if (failed) {
    const std::uint64_t delivered = own.line.leaves.delivered;
    own.attempt = batch.is_replay ? delivered : std::max(delivered, batch.position.last_leaf);
    return failed;
  }
  applied.note({{batch.epoch_id, own.line}});
  return batch.closed.empty() ? std::nullopt : close_epochs(client, batch.closed, batch.position.flushed_at);
}

StoreStatus OwnLines::settle_replays(Client& client, const std::function<Adopter()>& adopter, AccountMemory& memory) {
  for (auto& [epoch_id, own] : lines_) {
    if (own.line.replay.empty()) {
      continue;
    }
    const auto applied = apply_replay(client, epoch_id, own.line, adopter(), memory);
    if (!applied) {
      return applied.error();
    }
    if (auto failed = end_replay(client, epoch(epoch_id), own.line)) {
      own.attempt = own.line.leaves.delivered;
      return failed;
    }
  }
  return std::nullopt;
}

}  // namespace twinlog::mongodb
