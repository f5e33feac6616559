#include "agent/observe/health_facts.h"

#include "agent/observe/pages.h"

namespace twinlog {
namespace {

/// What waits, of which `measured` tells as it was at `measured_at`.
Backlog backlog_now(const Courier& courier, const Backlog& measured, UtcMicros measured_at) {
  const std::uint64_t events = courier.backlog();
  if (events == measured.events) {
    return measured;
  }
  if (events == 0) {
    return {.events = 0, .bytes = 0, .oldest_received_at = std::nullopt};
  }
  if (measured.events == 0) {  // All of it came in after that.
    return {.events = events, .bytes = std::nullopt, .oldest_received_at = measured_at};
  }
  return {.events = events, .bytes = measured.bytes, .oldest_received_at = measured.oldest_received_at};
}

WayFacts way_of(const Observed& observed, const DiskReading& disk, Transport transport) {
  const IntakeCounters& counters = *observed.intake_counters;
  const IntakeCounters::PerTransport& counted = counters.transports.at(static_cast<std::size_t>(transport));
  WayFacts way;
  way.address = observed.intake->address(transport);
  way.is_on = !way.address.empty();
  way.can_be_found = disk.can_be_found.at(static_cast<std::size_t>(transport));
  way.connections = counted.connections;
  way.cut = counted.cut;
  way.is_full = observed.intake->is_full(transport);
  way.token_trouble = transport == Transport::kHttp ? observed.intake->token_trouble() : "";
  way.lately = observed.refusals->lately(transport);
  return way;
}

}  // namespace

HealthFacts gather_health_facts(const Observed& observed) {
  HealthFacts facts;
  facts.known = observed.known;
  facts.version = twinlog_version();
  facts.phase = observed.phase;
  facts.now = observed.clock.utc_now();
  facts.steady_now = observed.clock.steady_now();
  for (std::size_t i = 0; i < kStores; ++i) {
    facts.stores.at(i).is_enabled = facts.known.is_store_enabled.at(i);
  }
  facts.socket = {.is_on = !facts.known.socket_path.empty(), .address = facts.known.socket_path};
  facts.http = {.is_on = !facts.known.http_listen.empty(), .address = facts.known.http_listen};
  if (facts.phase == Phase::kStarting) {
    return facts;
  }
  const DiskReading disk = observed.disk->latest();
  facts.now = observed.clock.utc_now();  // Once more: the disk may have been waited for.
  facts.steady_now = observed.clock.steady_now();
  const UtcMicros measured_at =
      facts.now - std::chrono::duration_cast<std::chrono::microseconds>(facts.steady_now - disk.at).count();
  facts.socket = way_of(observed, disk, Transport::kUnix);
  facts.http = way_of(observed, disk, Transport::kHttp);
  facts.open_folders = observed.intake->open_folders();
  facts.intake = read_refusals(*observed.intake_counters);
  for (std::size_t i = 0; i < kIntakeStatuses.size(); ++i) {
    facts.http_requests.at(i) = observed.intake_counters->http_answers.answered.at(i);
  }
  facts.implausible_times = observed.front_door->counters().implausible_times;
  facts.most_connections = observed.most_connections;
  facts.wanted_connections = observed.wanted_connections;
  facts.is_volume_ephemeral = observed.is_volume_ephemeral;
  facts.spool = observed.spool->stats();
  facts.ledger = observed.notary->status();
  facts.tree = observed.spool->tree();
  facts.epoch_id = facts.tree.epoch_id;
  const auto oldest_tick = facts.steady_now - kLongestTick;
  facts.has_intake_ticked = observed.intake->last_tick() >= oldest_tick;
  facts.has_writer_ticked = observed.writer_tick.load() >= oldest_tick;
  const auto age_of = [&facts](std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(facts.steady_now - time);
  };
  facts.write_age = age_of(observed.writer_tick.load());
  facts.look_age = age_of(disk.at);
  facts.missing = disk.missing;
  for (const Courier* courier : observed.couriers) {
    StoreFacts& store = facts.stores.at(static_cast<std::size_t>(courier->store()));
    store.courier = courier->status();
    store.backlog = backlog_now(*courier, disk.backlogs.at(static_cast<std::size_t>(courier->store())), measured_at);
    store.has_courier_ticked = courier->has_ticked_since(oldest_tick);
    store.incomplete_since = facts.spool.incomplete_since.at(static_cast<std::size_t>(courier->store()));
    const LedgerWatch* watch = observed.watches.at(static_cast<std::size_t>(courier->store()));
    store.audit = watch == nullptr ? std::nullopt : std::optional(watch->status());
  }
  return facts;
}

}  // namespace twinlog
