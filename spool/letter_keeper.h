// The dead letters of an open spool: what lies in its database, and the index in memory. Every write is synced before
// memory knows of it. Safe for several threads.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <span>
#include <vector>

#include "spool/database.h"
#include "spool/dead_letter_index.h"

namespace twinlog {

class LetterKeeper {
 public:
  LetterKeeper(DeadLetterIndex index, std::uint64_t most_bytes) : index_(std::move(index)), most_bytes_(most_bytes) {}

  /// What an opening found takes the place of what memory knew. The letters that only memory knows: the record that
  /// kept one, and moved the cursor beyond its event, may be what was damaged.
  std::vector<DeadLetterIndex::Place> install(DeadLetterIndex index);

  /// Spool::keep_dead_letters(), with the cursor already decided.
  Status keep(Database& database, StoreId store, std::uint64_t cursor, std::span<const DeadLetter> letters);
  Status settle(Database& database, StoreId store, std::span<const std::uint64_t> leaves, const Settlement& settlement);
  Result<std::vector<DeadLetter>> list(const Database& database, StoreId store, std::uint64_t after,
                                       std::size_t most) const;
  std::vector<std::uint64_t> leaves(StoreId store, const LeafRange& range) const;
  /// Whether this very event waits as a letter of any store, and is not in `holes`: what is lost may come again, for
  /// the store that has neither it nor its letter.
  bool holds(const Database& database, const AcceptedEvent& offered, const std::vector<LeafRange>& holes) const;
  void tell(SpoolStats& stats) const;

 private:
  Error share_is_used_up(const std::string& path) const;

  mutable std::shared_mutex mutex_;
  DeadLetterIndex index_;
  const std::uint64_t most_bytes_;
};

}  // namespace twinlog
