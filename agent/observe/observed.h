// What the admin endpoint looks at: references to the running parts, and the facts that main knows.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/net/admin/admin_server.h"
#include "agent/net/intake/intake_server.h"
#include "agent/notary/notary.h"
#include "agent/observe/disk_watch.h"
#include "agent/observe/refusals.h"
#include "agent/pipeline/courier.h"
#include "agent/pipeline/front_door.h"
#include "agent/pipeline/ledger_watch.h"
#include "ledger/base/clock.h"
#include "spool/spool.h"

namespace twinlog {

/// How far the process is. Only main moves it, and only forwards.
enum class Phase : std::uint8_t { kStarting, kRunning, kStopping };

/// A thread that has not ticked for this long is dead.
inline constexpr std::chrono::seconds kLongestTick{90};

/// What is settled before anything starts.
struct Known {
  std::string agent;
  std::string config;  ///< The file of the configuration, as it was given.
  UtcMicros started_at = 0;
  std::string socket_path;  ///< As configured; "" when off.
  std::string http_listen;  ///< As configured; "" when off.
  std::string spool_path;
  std::uint64_t spool_max_bytes = 0;  ///< As configured.
  std::array<bool, kStores> is_store_enabled{};
  std::chrono::microseconds longest_silence{};  ///< Between two checkpoints of the ledger, as configured.
};

/// Filled by main: `known` before the admin port opens, the rest before the phase becomes kRunning. Until then `known`
/// and the phase alone are read.
struct Observed {
  explicit Observed(const Clock& observed_clock) : clock(observed_clock) {}

  const Clock& clock;
  Known known;
  std::atomic<Phase> phase{Phase::kStarting};
  std::atomic<bool> ready_when_full{false};
  const Spool* spool = nullptr;
  DiskWatch* disk = nullptr;
  const Refusals* refusals = nullptr;
  const FrontDoor* front_door = nullptr;
  const IntakeServer* intake = nullptr;
  const IntakeCounters* intake_counters = nullptr;
  std::vector<const Courier*> couriers;
  const Notary* notary = nullptr;
  std::array<const LedgerWatch*, kStores> watches{};  ///< Null where a store is not audited.
  const AdminServer* admin = nullptr;                 ///< Null when off.
  const AdminServer* admin_socket = nullptr;          ///< Null when off.
  std::atomic<std::uint64_t> reloads{0};              ///< Configurations taken over while running.
  std::atomic<std::uint64_t> refused_reloads{0};      ///< Those that had mistakes.
  bool is_volume_ephemeral = false;
  std::uint64_t most_connections = 0;    ///< Of senders at once.
  std::uint64_t wanted_connections = 0;  ///< The same where open files are no limit.
  std::atomic<std::chrono::steady_clock::time_point> writer_tick{};
};

}  // namespace twinlog
