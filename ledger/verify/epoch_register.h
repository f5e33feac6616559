// What is known of every epoch that anything speaks of, by a short number that stands for its uuid in sorted files.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/leaf/leaf.h"
#include "ledger/verify/finding.h"

namespace twinlog {

/// More leaves than a tree can have: 2^23.
inline constexpr std::uint64_t kMostTreeLeaves = 1U << 23U;

/// Of these leaves the sources do not agree, and this is what gives the signed root.
struct TruthException {
  enum class Choice : std::uint8_t { kFirstTiles, kSecondTiles, kFirstRows, kSecondRows, kPicks };
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Choice choice = Choice::kPicks;
  std::vector<std::pair<std::uint64_t, Digest>> picks;  ///< By index, for kPicks.
};

struct EpochFacts {
  Uuid id{};
  std::string origin;       ///< "": no beginning of it was found.
  std::string agent;        ///< As its OPEN says.
  std::string key;          ///< Its verifier key's text; "": not known, so that nothing it signed can be checked.
  bool is_judged = false;   ///< Its beginning is good: what its key signed counts.
  bool is_named = false;    ///< A row of ledger_epochs, a note or the archive names it, whether good or not.
  bool is_skipped = false;  ///< Ended before --since.
  Digest open_hash{};
  UtcMicros begun_at = 0;
  std::array<bool, kStoreSides> begun_in{};  ///< The store has its beginning.
  std::optional<std::uint64_t> revoked_after;

  // From notes.
  std::uint64_t signed_size = 0;  ///< Greatest that its key or a retirement signed.
  std::array<std::uint64_t, kStoreSides> checkpointed{};
  std::optional<std::uint64_t> retired_size;

  // From reading the stores.
  std::array<std::uint64_t, kStoreSides> tile_end{};

  // From proven leaves.
  std::uint64_t demanded = 0;     ///< Leaves below it must be somewhere.
  std::uint64_t witnessed = 0;    ///< Greatest size that another epoch's leaf demands, and that is taken into account.
  std::uint64_t proven_end = 0;   ///< All leaves below it are known.
  bool has_failed = false;        ///< The next root cannot be had: ...
  bool has_hole = false;          ///< ... since there is no hash for some leaf below it.
  std::uint64_t failed_size = 0;  ///< ... and this is its size.
  std::vector<TruthException> exceptions;
  std::array<std::uint64_t, kStoreSides> confirmed{};
  /// The part of `confirmed` that its own leaves tell: by then an agent has declared all that did not arrive.
  std::array<std::uint64_t, kStoreSides> tallied{};
  /// When a leaf of its own first told that the store had some of it.
  std::array<std::optional<UtcMicros>, kStoreSides> first_tallied_at{};
  std::optional<std::uint64_t> end;  ///< It ended with so many leaves.
  bool is_closed = false;
  UtcMicros due = 0;
  UtcMicros newest_accept_at = 0;
  std::optional<std::uint32_t> successor;
  std::optional<std::uint64_t> followed_size;  ///< As the successor says.
  bool has_two_successors = false;
  bool is_followed_without_tree = false;
  std::optional<Witness> pruned;  ///< As a whole.
  UtcMicros pruned_at = 0;        ///< By a leaf of that time.
  std::uint64_t seen_leaves = 0;  ///< Indices that any store has something of.

  std::string name() const { return origin.empty() ? uuid_text(id) : origin; }
  bool has_ended() const { return end.has_value() || is_followed_without_tree; }
};

/// number() from every thread; the facts are of who works on that epoch.
class EpochRegister {
 public:
  std::uint32_t number(const Uuid& id);
  std::optional<std::uint32_t> find(const Uuid& id) const;
  EpochFacts& at(std::uint32_t number);
  std::size_t size();

 private:
  mutable std::mutex mutex_;
  std::map<Uuid, std::uint32_t> numbers_;
  std::deque<EpochFacts> facts_;
};

}  // namespace twinlog
