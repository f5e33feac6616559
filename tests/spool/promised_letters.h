// The dead letters that a spool was given, kept outside of it: each is where it was put, and nowhere else.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "spool/spool.h"

namespace twinlog::testing {

class PromisedLetters {
 public:
  /// Whether they are kept.
  bool keep(Spool& spool, StoreId store, std::uint64_t cursor, const std::vector<Version>& refused);
  /// One that surely waits.
  void settle(Spool& spool, StoreId store, std::uint64_t leaf, Settlement::Kind kind);

  /// A call that was answered holds for ever; one that failed did all of it or nothing, and what it did stays.
  void check(const Spool& spool);
  /// The leaves of those that wait.
  std::set<std::uint64_t> waiting() const;

 private:
  enum class Fate : std::uint8_t { kNone, kWaiting, kTaken, kDiscarded };
  struct Letter {
    DeadLetter sent;
    std::set<Fate> may_be;
  };
  static DeadLetter letter_of(const Version& refused);
  static Fate fate_of(const Spool& spool, StoreId store, const Letter& letter);

  std::map<std::pair<StoreId, std::uint64_t>, Letter> letters_;
};

}  // namespace twinlog::testing
