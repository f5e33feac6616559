// Everything that a running agent is made of.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "agent/main/admin_commands.h"
#include "agent/main/delivery.h"
#include "agent/main/keeper_parts.h"
#include "agent/main/ledger_parts.h"
#include "agent/main/spool_writer.h"
#include "agent/main/worker.h"
#include "agent/net/admin/admin_server.h"
#include "agent/net/intake/intake_server.h"
#include "agent/observe/disk_watch.h"
#include "agent/observe/observed.h"
#include "agent/observe/pages.h"
#include "agent/observe/summed_log.h"
#include "agent/pipeline/drain_request.h"
#include "agent/pipeline/front_door.h"
#include "config/settings.h"
#include "ledger/base/clock.h"
#include "ledger/base/wakeup.h"
#include "spool/spool.h"

namespace twinlog {

/// In the order in which they are made (agent/main/starting.h); they go in reverse, each part before what it uses.
struct AgentParts {
  AgentParts(Settings the_settings, SummedLog& the_log) : settings(std::move(the_settings)), log(the_log) {}

  Settings settings;
  SummedLog& log;
  SystemClock clock;
  SystemRandom random;
  Observed observed{clock};
  Pages pages{observed};
  DrainRequest drain_request;
  AdminAgentCommands commands{observed, drain_request, settings.spool.path};
  std::unique_ptr<AdminServer> admin;
  std::unique_ptr<AdminServer> admin_socket;
  std::unique_ptr<Spool> spool;
  std::atomic<bool> is_ephemeral{false};  ///< The spool's volume goes with the pod.
  bool must_deliver = false;              ///< What is left at the end is a failure.
  Wakeup writer_wakeup;
  IntakeCounters intake_counters;
  LedgerParts ledger;
  std::vector<std::unique_ptr<Delivery>> deliveries;
  Wakeup store_pauses;  ///< Nobody wakes it.
  KeeperParts keeper;
  std::unique_ptr<FrontDoor> front_door;
  std::unique_ptr<SpoolWriter> spool_writer;
  std::unique_ptr<Worker> writer;  ///< The thread around it.
  Refusals refusals{clock, log};
  std::unique_ptr<IntakeServer> intake;
  Wakeup disk_wakeup;
  std::unique_ptr<DiskWatch> disk_watch;
  std::unique_ptr<Worker> disk_watcher;  ///< The thread around it.
};

/// What the parts are told of the settings, at the start and at every reload.
EventReaderSettings reader_settings(AgentParts& parts);
CourierPace pace_of(const Settings& settings, StoreId store);

/// Every courier tries at once, without linger and with the shortest waits, until what waits now is delivered or the
/// drain timeout is over.
void drain_what_waits(AgentParts& parts);
bool is_draining(const AgentParts& parts);

void wake_couriers(const AgentParts& parts);

/// How many accepted versions at least one store still lacks.
std::uint64_t events_left(const AgentParts& parts);

}  // namespace twinlog
