// What memory knows of the dead letters in a spool's database: which there are, never what they hold. A value, no I/O
// but for load().
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/base/result.h"
#include "spool/database.h"
#include "spool/dead_letter_codec.h"
#include "spool/spool.h"

namespace twinlog {

struct DeadLetterEntry {
  bool is_discarded = false;
  std::uint64_t bytes = 0;
  UtcMicros refused_at = 0;
  std::uint64_t content = 0;  ///< content_mark() of its version.
  std::vector<std::uint64_t> accounts = {};
};

/// Equal for equal key and content; two different ones are told apart by what lies in the database.
std::uint64_t content_mark(const EventKey& key, const Digest& content_hash);

DeadLetterEntry entry_of(const DeadLetter& letter, std::uint64_t bytes);

/// A letter that is on record, and damaged or gone.
struct MissedLetter {
  StoreId store = StoreId::kPostgres;
  std::uint64_t leaf = 0;
  LetterMark mark;
};

class DeadLetterIndex {
 public:
  /// Reads all letters: they are few, or the spool holds the store. Those that are on record and cannot be read are in
  /// it, too.
  static Result<DeadLetterIndex> load(const Database& database);

  /// What load() found wrong: for an opening that may write to mend it.
  const std::vector<MissedLetter>& missed() const { return missed_; }
  /// That are there and not on record.
  const std::vector<MissedLetter>& unmarked() const { return unmarked_; }
  bool is_table_damaged() const { return is_table_damaged_; }

  void put(StoreId store, std::uint64_t leaf, const DeadLetterEntry& entry);
  void erase(StoreId store, std::uint64_t leaf);

  /// Nothing where it is not known.
  const DeadLetterEntry* find(StoreId store, std::uint64_t leaf) const;
  /// In order, discarded ones included.
  std::vector<std::uint64_t> leaves(StoreId store, const LeafRange& range) const;

  struct Place {
    StoreId store;
    std::uint64_t leaf;
  };
  /// The unsettled letters whose content may be this one.
  std::vector<Place> places(std::uint64_t content) const;

  /// The unsettled letters that the other one does not have, in the order of stores and leaves.
  std::vector<Place> not_in(const DeadLetterIndex& other) const;

  DeadLetterCounts counts(StoreId store) const;
  std::uint64_t bytes() const { return bytes_; }
  bool empty() const { return by_content_.empty(); }

 private:
  using OfStore = std::map<std::uint64_t, DeadLetterEntry>;
  using Marks = std::map<std::pair<StoreId, std::uint64_t>, LetterMark>;
  static Result<Marks> read_marks(const Database& database);
  Status read_letters(const Database& database, Marks& marks);
  Status look_for(const Database& database, const MissedLetter& letter);
  void miss(const MissedLetter& letter);
  const OfStore& of(StoreId store) const { return letters_.at(static_cast<std::size_t>(store)); }

  std::array<OfStore, kStores> letters_;
  std::array<std::unordered_map<std::uint64_t, std::uint64_t>, kStores> accounts_;  ///< Letters of each account.
  std::array<std::uint64_t, kStores> discarded_{};
  std::unordered_multimap<std::uint64_t, Place> by_content_;
  std::uint64_t bytes_ = 0;
  std::vector<MissedLetter> missed_;
  std::vector<MissedLetter> unmarked_;
  bool is_table_damaged_ = false;
};

}  // namespace twinlog
