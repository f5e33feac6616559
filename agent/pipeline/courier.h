// A courier carries the spool to one store. A plain object stepped from outside; nothing of one courier touches the
// other one's store, cursor, waits or errors.
//
// Invariants
//  1. The cursor moves only after the store confirmed the flush; a batch that failed is read and sent again, for ever.
//  2. Nothing is dropped: what the store refuses for good becomes a dead letter in the spool in the write that moves
//  the
//     cursor beyond it; an error that repeating cannot mend holds the cursor and says so.
//  3. On every connect, and every `probe` while idle, the store's positions of the epochs that the spool keeps are
//     compared with the cursor (docs/STORES.md): lower or missing: rewound to it, and what the spool no longer has is
//     noted in it; higher than anything ever sent: reported.
//  4. One flush is of one epoch. Leaves of the agent's own are delivered as events are, and count for nothing.
//  5. Before the cursor passes what the store refuses, a leaf of the ledger says so.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "agent/pipeline/backoff.h"
#include "agent/pipeline/batch_reader.h"
#include "agent/pipeline/position_check.h"
#include "agent/pipeline/replay_order.h"
#include "agent/pipeline/store_refusals.h"
#include "ledger/base/clock.h"
#include "ledger/base/histogram.h"
#include "ledger/base/log.h"
#include "plugins/api/store.h"
#include "spool/spool.h"

namespace twinlog {

inline constexpr std::size_t kReactions = 8;

/// What a courier tells about itself; a consistent copy.
struct CourierStatus {
  using TimePoint = std::chrono::steady_clock::time_point;
  bool is_draining = false;  ///< As Courier::is_draining().
  bool is_connected = false;
  std::optional<UtcMicros> connected_since;  ///< Of the present connection.
  std::optional<TimePoint> in_store_since;   ///< While a call of the store runs.
  std::optional<TimePoint> next_try_at;      ///< While it waits after a failure.
  std::uint64_t inserted = 0, duplicates = 0, conflicts = 0, accounts = 0, recounts = 0, round_trips = 0;
  std::uint64_t flushes = 0;
  std::array<std::uint64_t, kReactions> errors{};  ///< By Reaction.
  std::uint64_t failures_in_a_row = 0;
  /// Of the current row of failures; absent when the last flush went well, or when nothing waits and the store lets
  /// us in again.
  std::optional<StoreError> last_error;
  bool is_error_ours = false;      ///< It is not the store's: the spool could not be read or written.
  UtcMicros first_failure_at = 0;  ///< Of that row.
  UtcMicros last_failure_at = 0;
  /// The store's clock minus ours, as measured last (Store::clock_offset), and when that was.
  std::optional<std::chrono::microseconds> clock_offset;
  TimePoint clock_measured_at{};
  UtcMicros last_success_at = 0;
  std::uint64_t rewinds = 0;
  std::uint64_t dead_letters = 0;            ///< That became some.
  std::optional<StoreError> last_refusal{};  ///< Of the newest of those.
  bool is_held_by_letters = false;           ///< `last_error` is that their share of the spool is used up.
  ReplayTally replay;
  /// The store holds a higher position of our epoch than this spool ever gave out: a cloned or rolled-back spool.
  bool is_position_ahead = false;
};

/// How long waits are cut short: until the spool is delivered up to `last_leaf`, but no longer than until `ends_at`.
struct Drain {
  static constexpr std::uint64_t kEverything = UINT64_MAX;
  std::uint64_t last_leaf = kEverything;
  std::chrono::steady_clock::time_point ends_at = std::chrono::steady_clock::time_point::max();
};

/// What may change while a courier runs.
struct CourierPace {
  std::size_t batch_events = 1000;
  std::chrono::milliseconds linger{50};
  Backoff backoff;
};

struct CourierSettings {
  StoreId store = StoreId::kPostgres;
  CourierPace pace;
  std::size_t batch_bytes = 8U << 20U;
  /// An idle connection is looked at this often: what a store lost (docs/STORES.md) must be noticed while the
  /// spool still has it, so this is well below keep_delivered.
  std::chrono::milliseconds probe = std::chrono::seconds{10};
};

/// Threads: step() from one; status(), drain(), is_draining(), set_pace() and backlog() from any.
class Courier {
 public:
  struct Parts {
    Spool& spool;
    Store& store;
    const Clock& clock;
    Random& random;
    Log& log;
    /// Declares in the ledger, durably, that the store refuses these; an Error: not yet, and the cursor stays. Waits
    /// for the committing thread. Empty where there is no ledger.
    std::function<Status(StoreId store, const std::vector<DeadLetter>& letters)> declare = {};
    /// A copy of this process writes in the epoch under way: another one is to be begun.
    std::function<void()> on_ahead = {};
    /// The store has the batch, and the cursor is behind it.
    std::function<void(const SpoolBatch& batch)> on_delivered = {};
  };

  /// How long the loop may sleep when nothing waits (a new event wakes it sooner).
  static constexpr std::chrono::milliseconds kIdle{1000};
  /// While a checkpoint is being signed; who signed it wakes the loop.
  static constexpr std::chrono::milliseconds kSigning{20};
  /// The position, and with it the store's clock, is looked at this often however busy the store is.
  static constexpr std::chrono::milliseconds kBusyProbe = std::chrono::seconds{30};

  Courier(CourierSettings settings, Parts parts)
      : settings_(settings),
        parts_(parts),
        reader_([&spool = parts.spool](const BatchRange& range) {
          return spool.read_batch(range.after, range.most_events, range.most_bytes);
        }),
        last_step_(parts.clock.steady_now()),
        position_(settings.store, parts.spool, parts.log),
        refusals_(settings.store, parts.spool, parts.clock) {}

  /// Does at most one thing (connect, or flush one batch) and says how long to wait before the next step.
  std::chrono::milliseconds step();

  /// The present wait ends; linger is none and the backoff its minimum while this holds. The last one counts.
  void drain(const Drain& drain);
  /// Whether a drain still holds: afterwards all is as before.
  bool is_draining() const;
  /// Dead letters to be offered to the store again, as soon as it takes events.
  void replay(std::span<const std::uint64_t> leaves);
  /// From the next step on.
  void set_pace(const CourierPace& pace);
  /// Events not yet in the store.
  std::uint64_t backlog() const;
  /// The store has every leaf, too.
  bool is_done() const;
  CourierStatus status() const;
  /// Events of every confirmed flush, and the microseconds that the store took for it.
  const Histogram& flush_sizes() const { return flush_sizes_; }
  const Histogram& flush_micros() const { return flush_micros_; }
  StoreId store() const { return settings_.store; }
  /// False when the loop stands still. Waiting for the store is no standstill, however long: each of its calls has a
  /// deadline of its own, and a store never makes the process unhealthy.
  bool has_ticked_since(std::chrono::steady_clock::time_point time) const {
    return is_in_store_.load() || last_step_.load() >= time;
  }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  void take_pace();
  void end_wait_to_drain();
  std::chrono::milliseconds connect();
  void compare_positions(std::span<const SpoolEpoch> epochs, std::span<const std::optional<AgentPosition>> positions);
  StoreStatus look_for_newest();
  std::optional<std::chrono::milliseconds> wait_for_batch(std::uint64_t waiting);
  std::chrono::milliseconds flush(std::uint64_t after);
  std::chrono::milliseconds pass_hole(std::uint64_t after);
  std::optional<std::chrono::milliseconds> note_holes(const LeafRange& range, std::size_t there);
  std::chrono::milliseconds replay();
  std::chrono::milliseconds send(SpoolBatch batch);
  Status pass(std::uint64_t number, const std::vector<DeadLetter>& letters);
  void tell_letters(const std::vector<DeadLetter>& letters);
  void read_ahead_of(std::uint64_t after);
  void delivered(const FlushReport& report, std::size_t events, std::chrono::steady_clock::duration time);
  void shrink_after(Reaction reaction);
  void log_notes();
  void in_store(std::optional<TimePoint> since);
  void note_connected();
  void end_failures(std::size_t events);
  void try_again_at(TimePoint time);
  enum class Whose : std::uint8_t { kOfStore, kOfSpool, kOfLetters };
  std::chrono::milliseconds failed_here(std::string words, Reaction reaction, Whose whose = Whose::kOfSpool);
  std::chrono::milliseconds failed(const StoreError& error, Whose whose = Whose::kOfStore);
  std::chrono::milliseconds delay(Reaction reaction, unsigned failures);

  CourierSettings settings_;
  Parts parts_;
  BatchReader reader_;
  std::atomic<TimePoint> last_step_;
  std::atomic<bool> is_in_store_{false};
  Histogram flush_sizes_{kSizeBounds};
  Histogram flush_micros_{kDurationBounds};

  std::size_t batch_events_ = settings_.pace.batch_events;  ///< Shrinks while the store refuses large batches.
  std::optional<TimePoint> waiting_since_;
  TimePoint next_try_{};
  unsigned refused_in_a_row_ = 0;    ///< Flushes that ended in kRetrySmaller or kReconnectSmaller.
  bool is_known_connected_ = false;  ///< The log has said so.
  TimePoint compared_at_{};
  PositionCheck position_;
  StoreRefusals refusals_;
  ReplayOrder replay_order_;
  bool is_replay_put_off_ = false;

  mutable std::mutex mutex_;  ///< For what follows.
  std::optional<CourierPace> next_pace_;
  std::optional<Drain> drain_;
  bool is_drain_new_ = false;  ///< step() has not yet ended its wait for it.
  CourierStatus status_;
};

}  // namespace twinlog
