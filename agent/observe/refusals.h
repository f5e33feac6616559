// What was refused lately of all that senders brought, way by way: what the health page judges, and what the log tells
// in sums.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "agent/net/intake/intake_server.h"
#include "agent/net/loop/peer_credentials.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"

namespace twinlog {

/// Every way of being refused that is counted: an event by field and cause, an HTTP request by a status that tells
/// nothing of events (4xx but 422), a peer.
inline constexpr std::size_t kEventRefusals = kRejectedFields * kRejectionCauses;
inline constexpr std::size_t kRefusals = kEventRefusals + kIntakeStatuses.size() + 1;

/// Of one way in, since the start.
struct WayCounts {
  std::uint64_t taken = 0;  ///< Events that are kept; duplicates and conflicts count.
  std::array<std::uint64_t, kRefusals> refused{};
};

/// Of one way in, over Refusals::kWindow, or since the last event that was taken where that is longer ago.
struct RefusedLately {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  std::size_t most_often = 0;  ///< Of kRefusals.
  std::uint64_t times = 0;     ///< How often that.
  bool operator==(const RefusedLately&) const = default;
};

/// Most of what arrives is refused.
bool is_refused_mostly(const RefusedLately& lately);
/// What it is about: "tenant_id missing", "HTTP 415", "peers".
std::string refusal_words(std::size_t refusal);

/// Of one of kEventRefusals.
RejectedField refused_field(std::size_t refusal);
RejectionCause refusal_cause(std::size_t refusal);
std::uint64_t peers_refused(const std::array<WayCounts, kTransports>& ways);

Peer last_refused_peer(const IntakeCounters& counters);
std::array<WayCounts, kTransports> read_refusals(const IntakeCounters& counters);

/// step() from one thread, lately() from any.
class Refusals {
 public:
  static constexpr std::chrono::seconds kWindow{60};
  /// A refusal with none taken since is remembered for so long.
  static constexpr std::chrono::seconds kRemembered{3600};
  /// Fewer may be somebody's trial.
  static constexpr std::uint64_t kFew = 3;
  /// A reason for which events are rejected is told at once, then so often at most, with its count.
  static constexpr std::chrono::seconds kTellEvery{60};

  Refusals(const Clock& clock, Log& log) : clock_(clock), log_(log) {}

  /// To be called about once a second. `last_peer`: the one that was refused last.
  void step(const std::array<WayCounts, kTransports>& counts, const Peer& last_peer);
  /// Tells what is not told yet.
  void tell_all();
  RefusedLately lately(Transport transport) const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Moment {
    TimePoint at;
    WayCounts counts;
  };
  struct Way {
    std::deque<Moment> window;  ///< The oldest one is what the window is counted from.
    Moment before_row;          ///< The row: what was refused since something was taken last.
    TimePoint refused_at;
    RefusedLately lately;
  };
  void look(Way& way, const WayCounts& counts, TimePoint now) const;
  /// A sum that the log is told: at once, then kTellEvery.
  struct Sum {
    std::uint64_t untold = 0;
    TimePoint told_at;
  };
  static bool is_due(const Sum& sum, TimePoint now);
  void tell_rejected(std::size_t refusal, TimePoint now);
  void tell_peers(TimePoint now);

  const Clock& clock_;
  Log& log_;
  mutable std::mutex mutex_;  ///< For `lately` of both.
  std::array<Way, kTransports> ways_;
  std::array<Sum, kEventRefusals> rejected_{};
  std::array<std::uint64_t, kEventRefusals> seen_{};
  Sum peers_;
  std::uint64_t peers_seen_ = 0;
  Peer last_peer_;
};

}  // namespace twinlog
