#include "agent/observe/health_facts.h"

#include "agent/observe/pages.h"

namespace twinlog {
namespace {

WayFacts way_of(const Observed& observed, Transport transport) {
  const IntakeCounters& counters = *observed.intake_counters;
  const IntakeCounters::PerTransport& counted = counters.transports.at(static_cast<std::size_t>(transport));
  WayFacts way;
  way.address = observed.intake->address(transport);
  way.is_on = !way.address.empty();
  way.can_be_found = observed.intake->can_be_found(transport);
  way.connections = counted.connections;
  way.cut = counted.cut;
  way.refused = transport == Transport::kHttp ? counters.http_unauthorized.load() : 0;
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
  facts.socket = way_of(observed, Transport::kUnix);
  facts.http = way_of(observed, Transport::kHttp);
  facts.most_connections = observed.most_connections;
  facts.wanted_connections = observed.wanted_connections;
  facts.is_volume_ephemeral = observed.is_volume_ephemeral;
  facts.epoch_id = observed.spool->identity().epoch_id;
  facts.spool = observed.spool->stats();
  const auto oldest_tick = facts.steady_now - kLongestTick;
  facts.has_intake_ticked = observed.intake->last_tick() >= oldest_tick;
  facts.has_writer_ticked = observed.writer_tick.load() >= oldest_tick;
  for (const Courier* courier : observed.couriers) {
    StoreFacts& store = facts.stores.at(static_cast<std::size_t>(courier->store()));
    store.courier = courier->status();
    store.backlog = observed.spool->backlog(courier->store());
    store.has_courier_ticked = courier->has_ticked_since(oldest_tick);
    store.incomplete_since = facts.spool.incomplete_since.at(static_cast<std::size_t>(courier->store()));
  }
  return facts;
}

}  // namespace twinlog
