#include "agent/main/starting.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/main/activation.h"
#include "agent/main/opening.h"
#include "agent/main/process_limits.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMostEagerProbe{1000};
constexpr milliseconds kLaziestProbe{10'000};

void add_store(AgentParts& parts, StoreId id, const StoreSettings& settings, std::unique_ptr<Store> store) {
  if (!settings.enabled) {
    parts.log.line(LogLevel::kWarning, "store_disabled", "this store is turned off: there is no second copy",
                   {{"store", std::string(store_name(id))}});
    return;
  }
  if (const auto since = parts.spool->stats().incomplete_since.at(static_cast<std::size_t>(id))) {
    parts.log.line(
        LogLevel::kError, "store_incomplete",
        "this store once lost more than the spool still had: it may lack events accepted since the time given; "
        "refill it from the other store",
        {{"store", std::string(store_name(id))}, {"incomplete_since", utc_text(*since)}});
  }
  const CourierSettings courier{
      .store = id,
      .pace = pace_of(parts.settings, id),
      .probe = std::clamp(parts.settings.spool.keep_delivered / 3, kMostEagerProbe, kLaziestProbe)};
  parts.deliveries.push_back(std::make_unique<Delivery>(
      courier, std::move(store),
      Surroundings{*parts.spool, parts.clock, parts.random, parts.log, *parts.ledger.notary, watch_of(parts, id)}));
}

void add_stores(AgentParts& parts) {
  add_store(parts, StoreId::kPostgres, parts.settings.postgres,
            make_postgres_store({.store = parts.settings.postgres, .agent = parts.settings.agent.name}, parts.clock));
  add_store(parts, StoreId::kMongodb, parts.settings.mongodb,
            make_mongodb_store({.store = parts.settings.mongodb, .agent = parts.settings.agent.name}, parts.clock,
                               parts.random, parts.store_pauses));
}

void start_front_door(AgentParts& parts) {
  parts.front_door = std::make_unique<FrontDoor>(
      reader_settings(parts), FrontDoor::Parts{.spool = *parts.spool,
                                               .clock = parts.clock,
                                               .log = parts.log,
                                               .wait = parts.writer_wakeup,
                                               .on_accepted = [&parts] { wake_couriers(parts); },
                                               .rider = [&parts] { return parts.ledger.notary->rider(); }});
  parts.spool_writer = std::make_unique<SpoolWriter>(SpoolWriter::Parts{.front_door = *parts.front_door,
                                                                        .spool = *parts.spool,
                                                                        .notary = *parts.ledger.notary,
                                                                        .clock = parts.clock,
                                                                        .log = parts.log,
                                                                        .tick = parts.observed.writer_tick});
  parts.writer =
      std::make_unique<Worker>("spool-writer", parts.writer_wakeup, [&parts] { return parts.spool_writer->step(); });
  parts.observed.writer_tick.store(parts.clock.steady_now());
  parts.writer->start();
}

Status start_intake(AgentParts& parts, const ProcessGifts& gifts) {
  IntakeLimits limits;
  const std::size_t wanted =
      std::exchange(limits.connections, connections_within(gifts.open_files, limits.connections));
  if (limits.connections < wanted) {
    parts.log.line(
        LogLevel::kWarning, "few_open_files",
        "the limit of open files lets fewer senders connect at once than twinlog would take; raise LimitNOFILE",
        {{"open_files", std::to_string(gifts.open_files)}, {"connections", std::to_string(limits.connections)}});
  }
  parts.observed.most_connections = limits.connections;
  parts.observed.wanted_connections = wanted;
  auto intake =
      start_intake_server(parts.settings.intake, limits, {*parts.front_door, parts.intake_counters, parts.random},
                          activated_sockets(gifts.environment));
  if (!intake) {
    return intake.error();
  }
  parts.intake = std::move(*intake);
  return {};
}

void start_disk_watch(AgentParts& parts) {
  std::vector<StoreId> stores;
  for (const auto& delivery : parts.deliveries) {
    stores.push_back(delivery->courier.store());
  }
  parts.disk_watch = std::make_unique<DiskWatch>(DiskWatch::Parts{.spool = *parts.spool,
                                                                  .intake = *parts.intake,
                                                                  .stores = std::move(stores),
                                                                  .clock = parts.clock,
                                                                  .wait = parts.disk_wakeup});
  parts.disk_watcher =
      std::make_unique<Worker>("disk-watch", parts.disk_wakeup, [&parts] { return parts.disk_watch->step(); });
  parts.disk_watcher->start();
}

Known known_of(const AgentParts& parts) {
  const Settings& settings = parts.settings;
  return {.agent = settings.agent.name,
          .config = settings.file,
          .started_at = parts.clock.utc_now(),
          .socket_path = settings.intake.unix_socket.path,
          .http_listen = settings.intake.http.listen,
          .spool_path = settings.spool.path,
          .spool_max_bytes = settings.spool.max_bytes,
          .is_store_enabled = {settings.postgres.enabled, settings.mongodb.enabled},
          .longest_silence = settings.ledger.idle_every};
}

std::string or_off(const std::string& address) {
  return address.empty() ? "off" : address;
}

std::string on_or_off(bool is_on) {
  return is_on ? "on" : "off";
}

/// What runs where, on one line. Of the stores not even the address: it stands beside secrets.
void say_started(const AgentParts& parts) {
  const Settings& settings = parts.settings;
  const bool has_epoch = parts.ledger.notary->status().has_epoch;
  const bool takes = !settings.intake.unix_socket.path.empty() || !settings.intake.http.listen.empty();
  parts.log.line(LogLevel::kInfo, "started", takes ? "taking events" : "taking no events",
                 {{"version", std::string(twinlog_version())},
                  {"pid", std::to_string(getpid())},
                  {"agent", settings.agent.name},
                  {"socket", or_off(parts.intake->address(Transport::kUnix))},
                  {"http", or_off(parts.intake->address(Transport::kHttp))},
                  {"admin", parts.admin ? parts.admin->address() : "off"},
                  {"admin_socket", parts.admin_socket ? settings.admin.socket : "off"},
                  {"spool", settings.spool.path},
                  {"spool_volume", parts.is_ephemeral ? "ephemeral" : "durable"},
                  {"max_bytes", std::to_string(settings.spool.max_bytes)},
                  {"postgres", on_or_off(settings.postgres.enabled)},
                  {"mongodb", on_or_off(settings.mongodb.enabled)},
                  {"epoch", has_epoch ? uuid_text(parts.spool->tree().epoch_id) : "none"},
                  {"waiting", std::to_string(events_left(parts))}});
}

}  // namespace

Status start_parts(AgentParts& parts, const ProcessGifts& gifts, const ServiceManager& manager) {
  parts.observed.known = known_of(parts);
  if (!parts.settings.admin.listen.empty()) {
    auto admin = start_admin_server(parts.settings.admin.listen, parts.pages);
    if (!admin) {
      return admin.error();
    }
    parts.admin = std::move(*admin);
  }
  if (!parts.settings.admin.socket.empty()) {
    auto admin = start_admin_socket(parts.settings.admin.socket, parts.pages, parts.commands);
    if (!admin) {
      return admin.error();
    }
    parts.admin_socket = std::move(*admin);
  }
  if (Status opened = open_spool(parts, manager); !opened.ok()) {
    return opened;
  }
  start_notary(parts);
  add_stores(parts);
  start_front_door(parts);
  if (Status started = start_intake(parts, gifts); !started.ok()) {
    return started;
  }
  parts.observed.is_volume_ephemeral = parts.is_ephemeral;
  parts.observed.ready_when_full = parts.settings.admin.ready_when_full;
  start_disk_watch(parts);
  parts.observed.spool = parts.spool.get();
  parts.observed.disk = parts.disk_watch.get();
  parts.observed.refusals = &parts.refusals;
  parts.observed.front_door = parts.front_door.get();
  parts.observed.notary = parts.ledger.notary.get();
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    parts.observed.watches.at(static_cast<std::size_t>(store)) = watch_of(parts, store);
  }
  parts.observed.intake = parts.intake.get();
  parts.observed.intake_counters = &parts.intake_counters;
  parts.observed.admin = parts.admin.get();
  parts.observed.admin_socket = parts.admin_socket.get();
  SpoolOrders::Parts ordered{.spool = parts.spool.get(), .couriers = {}};
  for (const auto& delivery : parts.deliveries) {
    parts.observed.couriers.push_back(&delivery->courier);
    ordered.couriers.push_back(&delivery->courier);
    delivery->worker.start();
  }
  start_audit(parts);
  start_keeper(parts);
  parts.commands.attach(std::move(ordered), *parts.keeper.desk);
  parts.drain_request.attach([&parts] { drain_what_waits(parts); }, [&parts] { return is_draining(parts); });
  parts.observed.phase.store(Phase::kRunning);
  say_started(parts);
  return {};
}

}  // namespace twinlog
