// The self-audit of one store: the agent reads back some of what it wrote there and holds it against the leaf hashes
// that it signed. What was changed behind its back is noticed while the agent runs, long before anybody asks `verify`.
//
// passed() from the courier's thread, step() from one, status() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/pipeline/reservoir.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "plugins/api/store.h"
#include "spool/spool.h"

namespace twinlog {

/// What the audit found so far. What another agent erased or pruned is no finding: a PRUNE leaf in the store says so.
/// (Whether that leaf is signed is for `twinlog verify`, which demands it.)
struct AuditStatus {
  std::uint64_t checked = 0;   ///< Leaves that were as signed.
  std::uint64_t modified = 0;  ///< Were there with other content, at two looks a round apart.
  std::uint64_t missing = 0;   ///< Were not there, at two looks a round apart.
  std::uint64_t unread = 0;    ///< Rounds in which the store could not be read.
  std::optional<UtcMicros> last_round_at;
  std::optional<LeafPlace> last_finding;  ///< Of the newest that was modified or missing.
};

class LedgerWatch {
 public:
  /// Every so often so many leaves are read back.
  static constexpr std::chrono::milliseconds kRound = std::chrono::minutes{1};
  static constexpr std::size_t kLeavesOfRound = 16;
  /// Drawn evenly from all that passed since the start.
  static constexpr std::size_t kSample = 1024;

  struct Parts {
    StoreId store;
    StoreReader& reader;
    const Spool& spool;
    const Clock& clock;
    Random& random;
    Log& log;
  };

  explicit LedgerWatch(Parts parts);

  /// The store has confirmed this batch.
  void passed(const SpoolBatch& batch);
  /// These are about to be pruned: they are no longer looked for.
  void forget(std::span<const EventKey> keys);
  /// Reads back where a round is due; says how long to wait before the next step.
  std::chrono::milliseconds step();
  AuditStatus status() const;

 private:
  struct Signed {
    LeafPlace place;
    std::uint64_t number = 0;     ///< In the spool.
    std::optional<EventKey> key;  ///< Nothing: a leaf of the agent's own.
    Digest leaf_hash{};
    bool was_wrong = false;  ///< At the last look.
  };
  enum class Verdict : std::uint8_t { kAsSigned, kModified, kMissing, kErased, kPruned };

  Signed* take_place(const SpoolBatch& batch, std::uint64_t index);
  std::vector<Signed> draw();
  StoreResult<std::vector<Verdict>> read_back(const std::vector<Signed>& leaves);
  /// Of those that would be told as missing, what PRUNE leaves name.
  StoreStatus ask_for_prunes(const std::vector<Signed>& leaves, std::vector<Verdict>& verdicts);
  void take(const Signed& leaf, Verdict verdict);
  void tell(const Signed& leaf, Verdict verdict);

  Parts parts_;
  std::optional<std::chrono::steady_clock::time_point> next_;
  mutable std::mutex mutex_;  ///< For what follows.
  std::vector<Signed> sample_;
  bool has_forgotten_ = false;  ///< Since the last draw.
  ReservoirTurns turns_;
  AuditStatus status_;
};

}  // namespace twinlog
