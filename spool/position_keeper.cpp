#include "spool/position_keeper.h"

#include <algorithm>

namespace twinlog {

SpoolPositions PositionKeeper::now() const {
  const std::lock_guard lock(published_mutex_);
  return published_;
}

void PositionKeeper::publish() {
  const std::lock_guard lock(published_mutex_);
  published_ = positions_;
}

PositionKeeper::Move PositionKeeper::move(StoreId store, std::uint64_t leaf, std::uint64_t last_leaf) {
  const std::lock_guard lock(mutex_);
  std::uint64_t& cursor = positions_.cursors[static_cast<std::size_t>(store)];
  const std::uint64_t target = std::clamp(leaf, positions_.first_kept - 1, std::max(last_leaf, cursor));
  const bool is_rewind = target < cursor;
  std::uint64_t& before = positions_.delivered_before[static_cast<std::size_t>(store)];
  before = is_rewind ? std::max(before, cursor) : before;
  cursor = target;
  if (is_rewind) {
    schedule_.rewind(target);
  }
  publish();
  return {.target = target, .is_rewind = is_rewind, .delivered_before = before};
}

Status PositionKeeper::update(const std::function<Status(SpoolPositions&)>& change) {
  const std::lock_guard lock(mutex_);
  Status changed = change(positions_);
  publish();
  return changed;
}

std::uint64_t PositionKeeper::raise_first_kept(std::chrono::steady_clock::time_point now, std::uint64_t last_leaf,
                                               bool is_room_short) {
  const std::lock_guard lock(mutex_);
  std::uint64_t delivered = last_leaf;
  for (const StoreId store : stores_) {
    delivered = std::min(delivered, positions_.cursors[static_cast<std::size_t>(store)]);
  }
  schedule_.note(now, delivered);
  std::uint64_t last_trimmed = std::min(std::max(schedule_.due(now), asked_trim_), delivered);
  if (is_room_short && delivered >= positions_.first_kept) {
    // Half of what is delivered at a time: what is left can still be given back to a store that forgot.
    last_trimmed = std::max(last_trimmed, positions_.first_kept + (delivered - positions_.first_kept) / 2);
  }
  positions_.first_kept = std::max(positions_.first_kept, last_trimmed + 1);
  publish();
  return positions_.first_kept;
}

void PositionKeeper::trim_delivered(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  asked_trim_ = std::max(asked_trim_, number);
}

}  // namespace twinlog
