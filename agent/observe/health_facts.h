// What the health page is judged by: plain values, gathered at one moment.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/observe/observed.h"
#include "agent/observe/refusals.h"
#include "agent/pipeline/courier.h"
#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "spool/spool.h"

namespace twinlog {

/// A way in.
struct WayFacts {
  bool is_on = false;
  std::string address;       ///< The path of the socket, or "host:port".
  bool can_be_found = true;  ///< As IntakeServer::can_be_found().
  std::uint64_t connections = 0;
  std::uint64_t cut = 0;        ///< Connections that a limit closed, since the start.
  bool is_full = false;         ///< As IntakeServer::is_full().
  std::string token_trouble{};  ///< Of HTTP, as IntakeServer::token_trouble().
  RefusedLately lately{};
};

struct StoreFacts {
  bool is_enabled = true;
  bool has_courier_ticked = true;
  CourierStatus courier;
  Backlog backlog;
  std::optional<UtcMicros> incomplete_since;
  std::optional<AuditStatus> audit;  ///< Nothing where it is not audited.
};

struct HealthFacts {
  Known known;
  std::string version;
  Phase phase = Phase::kStarting;  ///< While kStarting, only what stands above and the times are filled in.
  UtcMicros now = 0;
  std::chrono::steady_clock::time_point steady_now{};

  WayFacts socket;
  WayFacts http;
  std::array<WayCounts, kTransports> intake;                          ///< By Transport.
  std::array<std::uint64_t, kIntakeStatuses.size()> http_requests{};  ///< By place in kIntakeStatuses.
  std::uint64_t implausible_times = 0;                                ///< Events taken with such a time.
  bool has_intake_ticked = true;
  std::vector<std::string> open_folders;  ///< As IntakeServer::open_folders().
  std::uint64_t most_connections = 0;     ///< Of both ways in together.
  std::uint64_t wanted_connections = 0;   ///< What it would be with open files enough.

  bool has_writer_ticked = true;
  std::chrono::microseconds write_age{0};  ///< Since the writer thread began what it is at.
  std::chrono::microseconds look_age{0};   ///< Since the disk was last looked at; it is, every second.
  std::string missing;                     ///< As Spool::missing().
  SpoolStats spool;
  Uuid epoch_id{};
  bool is_volume_ephemeral = false;

  NotaryStatus ledger;
  TreeState tree;

  std::array<StoreFacts, kStores> stores;  ///< By StoreId.
};

/// Everything of `observed` as it is now; of the disk, as DiskWatch::latest() says. Waits for nothing else.
HealthFacts gather_health_facts(const Observed& observed);

/// "PostgreSQL", "the document store"
std::string_view store_title(StoreId store);

}  // namespace twinlog
