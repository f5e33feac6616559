// What senders were promised and stores have got, kept outside of the spool, to hold it against after a fault.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spool/spool.h"

namespace twinlog::testing {

class Promises {
 public:
  /// One commit of one request. What is answered as stored or a duplicate is promised.
  void offer(Spool& spool, const std::vector<AcceptedEvent>& events, UtcMicros received_at);
  /// As a courier after a flush, or when a store has forgotten.
  void move_cursor(Spool& spool, StoreId store, std::uint64_t leaf);

  /// Each promised event that is not trimmed is there once, as it was sent, and a duplicate when it is sent again, or
  /// lies in a loss on record; leaves rise, received times do not fall; no cursor skips what a store has not; nothing
  /// is there that nobody sent.
  void check(Spool& spool) const;
  /// From now on nobody looks at repeats: the memory of ids is a cache, which a power loss amid a repair may cost.
  void let_ids_be_forgotten() { are_ids_kept_ = false; }
  std::size_t size() const { return promised_.size(); }

 private:
  void check_cursors(const Spool& spool) const;
  void check_order(const std::vector<Version>& kept) const;
  void check_repeats(Spool& spool) const;

  std::map<std::string, AcceptedEvent> offered_;   ///< By log id.
  std::map<std::string, std::uint64_t> promised_;  ///< The leaf.
  bool are_ids_kept_ = true;
  std::array<std::uint64_t, kStores> most_{};  ///< How far each store can be.
};

}  // namespace twinlog::testing
