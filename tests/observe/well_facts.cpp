#include "tests/observe/well_facts.h"

#include <algorithm>
#include <utility>

namespace twinlog::testing {

using std::chrono::seconds;

HealthFacts well_facts() {
  HealthFacts facts;
  facts.known = {.agent = "auth-1",
                 .config = "/etc/twinlog/twinlog.toml",
                 .started_at = kNow - 3600 * kMicrosOfSecond,
                 .socket_path = "/run/twinlog/events.sock",
                 .http_listen = "127.0.0.1:8840",
                 .spool_path = "/var/lib/twinlog/spool",
                 .spool_max_bytes = 1000,
                 .is_store_enabled = {true, true}};
  facts.version = "1.2.3";
  facts.phase = Phase::kRunning;
  facts.now = kNow;
  facts.steady_now += seconds{100'000};
  facts.socket = {.is_on = true, .address = "/run/twinlog/events.sock"};
  facts.http = {.is_on = true, .address = "127.0.0.1:8840"};
  facts.most_connections = facts.wanted_connections = 100;
  facts.spool.disk_bytes = 100;
  facts.spool.max_bytes = facts.spool.limit_bytes = 1000;
  facts.spool.volume_free_bytes = 5000;
  facts.ledger.has_epoch = true;
  facts.epoch_id.fill(7);
  for (StoreFacts& store : facts.stores) {
    store.courier.is_connected = true;
    store.courier.connected_since = kNow - 60 * kMicrosOfSecond;
    store.courier.clock_offset = std::chrono::milliseconds{3};
    store.courier.clock_measured_at = facts.steady_now - seconds{1};
    store.backlog.bytes = 0;
  }
  return facts;
}

void let_wait(StoreFacts& store, std::uint64_t events, seconds age) {
  store.backlog.events = events;
  store.backlog.bytes = events * 100;
  store.backlog.oldest_received_at = kNow - age.count() * kMicrosOfSecond;
}

void let_fail(StoreFacts& store, StoreError error, std::uint64_t count) {
  store.courier.is_connected = false;
  store.courier.connected_since.reset();
  store.courier.last_error = std::move(error);
  store.courier.failures_in_a_row = count;
  store.courier.first_failure_at = kNow - 90 * kMicrosOfSecond;
  store.courier.last_failure_at = kNow - kMicrosOfSecond;
}

HealthComponent component(const HealthReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.components, name, &HealthComponent::name);
  if (found == report.components.end()) {
    ADD_FAILURE() << "no component " << name;
    return {};
  }
  return *found;
}

std::vector<std::string> troubled(const HealthFacts& facts) {
  std::vector<std::string> names;
  for (const HealthComponent& each : judge_health(facts).components) {
    if (each.state > HealthState::kOk) {
      names.push_back(each.name);
    }
  }
  return names;
}

std::vector<std::string> warnings_of(const HealthFacts& facts) {
  std::vector<std::string> names;
  for (const HealthWarning& warning : judge_health(facts).warnings) {
    names.push_back(warning.name);
  }
  return names;
}

}  // namespace twinlog::testing
