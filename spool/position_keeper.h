// How far trimming and the stores are, as memory knows it; the disk may lag behind by what a crash only repeats.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "spool/keep_schedule.h"
#include "spool/spool_state.h"

namespace twinlog {

/// Callable from every thread.
class PositionKeeper {
 public:
  /// `stores`: whose cursors hold the trimming.
  PositionKeeper(const SpoolPositions& positions, std::chrono::milliseconds keep_delivered, std::vector<StoreId> stores)
      : stores_(std::move(stores)), positions_(positions), published_(positions), schedule_(keep_delivered) {}

  /// Never waits for a disk: what update() is still writing is not in it yet.
  SpoolPositions now() const;

  struct Move {
    std::uint64_t target;
    bool is_rewind;
    std::uint64_t delivered_before;
  };
  /// Moves a cursor, never beyond `last_leaf` nor below what is kept.
  Move move(StoreId store, std::uint64_t leaf, std::uint64_t last_leaf);

  /// Runs `change` while nobody else changes anything: what it writes to the disk is what holds then.
  Status update(const std::function<Status(SpoolPositions&)>& change);

  /// Raises the trim point to what is due, and more where room is short; the trim point.
  std::uint64_t raise_first_kept(std::chrono::steady_clock::time_point now, std::uint64_t last_leaf,
                                 bool is_room_short);
  /// What all stores have had up to this number is due at once.
  void trim_delivered(std::uint64_t number);

 private:
  void publish();

  const std::vector<StoreId> stores_;
  std::mutex mutex_;  ///< Of all changes.
  SpoolPositions positions_;
  mutable std::mutex published_mutex_;  ///< Never held while another one is waited for.
  SpoolPositions published_;
  KeepSchedule schedule_;
  std::uint64_t asked_trim_ = 0;
};

}  // namespace twinlog
