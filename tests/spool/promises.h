// What senders were promised and stores have got, kept outside of the spool, to hold it against after a fault.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "spool/spool.h"
#include "tests/spool/promised_letters.h"

namespace twinlog::testing {

class Promises {
 public:
  /// One commit of one request. What is answered as stored or a duplicate is promised.
  void offer(Spool& spool, const std::vector<AcceptedEvent>& events, UtcMicros received_at);
  /// What another build has promised and delivered.
  void adopt(const std::vector<Version>& kept, const std::array<std::uint64_t, kStores>& cursors);
  /// As a courier after a flush, or when a store has forgotten.
  void move_cursor(Spool& spool, StoreId store, std::uint64_t leaf);
  /// As a courier of a store that has everything up to `cursor` but these leaves, which it refuses for good.
  /// Whether they are kept.
  bool keep_letters(Spool& spool, StoreId store, std::uint64_t cursor, const std::vector<std::uint64_t>& leaves);
  PromisedLetters& letters() { return letters_; }

  /// Each promised event that is not trimmed is there once, as it was sent, and a duplicate when it is sent again, or
  /// lies in a loss on record; leaves rise, received times do not fall; no cursor skips what a store has not; letters
  /// are where they were put; nothing is there that nobody sent.
  void check(Spool& spool);
  /// An event that is sent again may be stored again from now on: an id that cannot be read counts as absent.
  void let_ids_be_forgotten() { are_ids_kept_ = false; }
  std::size_t size() const { return promised_.size(); }
  /// How many of them are on record as lost.
  std::size_t lost(const Spool& spool) const;

 private:
  void check_cursors(const Spool& spool) const;
  static void check_order(const std::vector<Version>& kept);
  void check_repeats(Spool& spool) const;

  // By log id and content.
  std::map<std::string, AcceptedEvent> offered_;
  std::map<std::string, std::uint64_t> promised_;  ///< The leaf.
  PromisedLetters letters_;
  bool are_ids_kept_ = true;
  std::array<std::uint64_t, kStores> most_{};  ///< How far each store can be.
};

/// Everything that is kept.
std::vector<Version> all_of(const Spool& spool);

}  // namespace twinlog::testing
