// Keeps the ledger of one spool: begins and ends its epochs, puts heartbeats and declarations between the events, and
// signs checkpoints (ledger/FORMAT.md).
//
// Invariants
//  1. The key of an epoch lives in memory alone, and goes with the epoch.
//  2. A checkpoint is signed only over leaves that are on stable storage, kept in the spool before anybody sees it, and
//     never twice for one size.
//  3. Nothing here delays an answer: leaves go in the group commit, signatures come after the answers.
//  4. An orderly end leaves a CLOSE with its checkpoint.
//
// A plain object of the committing thread; status() and the requests may come from any.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/notary/enrolment.h"
#include "agent/notary/schedule.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/leaf/leaf.h"
#include "ledger/note/signing_key.h"
#include "spool/spool.h"

namespace twinlog {

/// What was answered since the process began.
struct AnswerCounts {
  std::uint64_t duplicate = 0, conflict = 0, rejected = 0, busy = 0;
};

struct NotarySettings {
  std::string origin;  ///< ledger.origin
  std::string agent;   ///< agent.name
  std::string facts;   ///< Canonical JSON {agent, node, pod, version}.
  SchedulePace pace;
  std::array<bool, kStores> is_store_enabled{true, true};
  std::chrono::microseconds longest_epoch = std::chrono::hours{24};  ///< Of CLOCK_BOOTTIME.
  std::uint64_t most_leaves = 1ULL << 22U;
  std::uint64_t most_tenants = 65'536;
  std::chrono::microseconds clock_back = std::chrono::seconds{10};  ///< More begins a new epoch.
};

/// What the notary tells about itself; a consistent copy.
struct NotaryStatus {
  std::string origin;         ///< Of the epoch under way; "" while there is none.
  std::string enrolment_key;  ///< Its verifier key text.
  bool is_throw_away = false;
  std::string key_trouble;  ///< The enrolment key could not be read again; "".
  std::string trouble;      ///< Why there is no epoch, or no newer checkpoint; "".
  std::string newest_note;
  bool has_epoch = false;  ///< Else nothing is taken, and `trouble` says why.
  std::uint64_t size = 0;  ///< Of the newest checkpoint.
  UtcMicros signed_at = 0;
  std::uint64_t checkpoints = 0;          ///< Signed since the start.
  std::array<std::uint64_t, 6> epochs{};  ///< Begun since the start, by OpenReason.
  std::uint64_t gaps = 0;                 ///< GAP leaves since the start.
};

class Notary {
 public:
  struct Parts {
    Spool& spool;
    const Clock& clock;
    std::function<std::chrono::microseconds()> boottime;  ///< CLOCK_BOOTTIME.
    Random& random;
    Log& log;
    std::function<AnswerCounts()> answers;
    std::function<std::vector<Witness>()> witnesses;  ///< Never blocks.
    std::function<void()> on_signed;                  ///< A checkpoint is there: wakes the couriers.
    std::function<void()> wake;                       ///< Wakes the committing thread.
  };

  Notary(NotarySettings settings, Enrolment enrolment, Parts parts);

  /// Begins the run's epoch; nothing is to be taken before. An Error: the disk refused.
  Status begin();

  // Around each group commit.
  /// Ends the epoch and begins another where the next batch may not go into this one.
  void before_commit();
  /// What is to ride with the next batch; null where nothing is due. An Error: there is no epoch that it could go into.
  Result<const LeafMaker*> rider();
  /// After the answers: signs what rode along.
  void after_commit();

  /// Heartbeats and declarations that are due without a commit; says how long to wait for the next one.
  std::chrono::milliseconds step();

  /// Writes and signs CLOSE. Nothing may be committed afterwards.
  void close();

  NotaryStatus status() const;

  // Requests of other threads, served by step().
  /// Puts a leaf into the ledger and waits until it is there; its place. An Error: not within `most`, or the disk
  /// refused.
  struct Placed {
    Uuid epoch_id{};
    std::uint64_t index = 0;
    std::uint64_t number = 0;
  };
  Result<Placed> declare(LeafContent content, std::chrono::milliseconds most);
  /// As declare(), with a checkpoint over it at once: the place is that of the leaf that was signed over.
  Result<Placed> declare_covered(LeafContent content, std::chrono::milliseconds most);
  /// For Courier::Parts::declare.
  Status declare_refused(StoreId store, const std::vector<DeadLetter>& letters);
  /// A copy of this process writes in the epoch under way.
  void begin_another();

  static constexpr std::chrono::milliseconds kDeclareMost = std::chrono::seconds{10};
  static constexpr std::chrono::milliseconds kTryAgain = std::chrono::seconds{1};
  static constexpr std::chrono::milliseconds kLossesEvery = std::chrono::seconds{1};
  static constexpr std::chrono::milliseconds kWitnessEvery = std::chrono::minutes{1};

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Covering : std::uint8_t { kInTurn, kAtOnce };
  struct Request {
    LeafContent content;
    Covering covering = Covering::kInTurn;
    std::optional<Result<Placed>> outcome = {};
  };
  struct Previous {
    Uuid id{};
    std::optional<PreviousTree> tree;
  };

  void follow_what_is_there();
  Status begin_epoch(OpenReason reason, const std::optional<Previous>& previous);
  OpenLeaf open_leaf(OpenReason reason, const std::optional<Previous>& previous);
  Status end_epoch(CloseReason reason);
  std::optional<OpenReason> reason_for_another() const;
  void begin_another_for(OpenReason reason);
  std::string heartbeat(const TreeState& tree, UtcMicros accept_at);
  EpochTally tally_of(const TreeState& tree) const;
  std::uint64_t confirmed(StoreId store) const;
  std::vector<Witness> take_witnesses();
  Status beat();
  enum class Telling : std::uint8_t { kInTurn, kAlways };
  void sign(const TreeState& tree, Telling telling);
  void publish(const SavedNote& note, Telling telling);
  void declare_losses();
  Result<Placed> ask(Request& request, std::chrono::milliseconds most);
  void serve_requests();
  std::vector<Request*> place_requests();  ///< Those that wait for a checkpoint over their leaves.
  void cover(const std::vector<Request*>& requests);
  Result<Placed> place(const LeafContent& content);
  void note_trouble(const std::string& words);

  const NotarySettings settings_;
  Parts parts_;
  Enrolment enrolment_;
  Schedule schedule_;
  bool is_over_ = false;            ///< close() was called.
  std::optional<SigningKey> key_;   ///< Of the epoch under way.
  std::uint64_t base_ = 0;          ///< Its base in the spool.
  UtcMicros ahead_at_opening_ = 0;  ///< How far its OPEN leaf was ahead of the clock, as received_at never falls.
  std::chrono::microseconds opened_boottime_{};
  AnswerCounts answers_before_;
  LeafMaker rider_;
  std::uint64_t size_before_rider_ = 0;
  std::optional<std::uint64_t> rider_index_;  ///< Where it was put, if it was.
  std::optional<TimePoint> told_at_;          ///< The last log line of a checkpoint.
  std::optional<TimePoint> witnessed_at_;
  std::optional<TimePoint> looked_for_losses_at_;
  std::optional<Previous> to_follow_;                ///< Another epoch is to be begun after this one ...
  OpenReason follow_reason_ = OpenReason::kRestart;  ///< ... and why.
  TimePoint try_again_{};

  mutable std::mutex mutex_;  ///< For what follows.
  std::condition_variable served_;
  std::deque<Request*> requests_;
  bool is_store_ahead_ = false;
  bool is_closed_ = false;
  NotaryStatus status_;
};

}  // namespace twinlog
