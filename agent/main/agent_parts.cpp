#include "agent/main/agent_parts.h"

#include <algorithm>

namespace twinlog {

EventReaderSettings reader_settings(AgentParts& parts) {
  const Settings& settings = parts.settings;
  return {.max_event = settings.intake.max_event,
          .default_tenant = settings.agent.default_tenant,
          .allow_tenants = settings.intake.allow_tenants,
          .log_id_key = parts.spool->identity().log_id_key,
          .random = &parts.random};
}

CourierPace pace_of(const Settings& settings, StoreId store) {
  const StoreSettings& of_store = store == StoreId::kPostgres ? settings.postgres : settings.mongodb;
  return {.batch_events = of_store.batch_events,
          .linger = of_store.linger,
          .backoff = {.first = settings.retry.first, .most = settings.retry.most}};
}

void drain_what_waits(AgentParts& parts) {
  parts.log.line(LogLevel::kInfo, "drain_requested", "delivering what waits without delay; events are still taken",
                 {{"waiting", std::to_string(events_left(parts))}});
  const std::uint64_t last_leaf = parts.spool->last_leaf();
  const auto ends_at = parts.clock.steady_now() + parts.settings.agent.drain_timeout;
  for (const auto& delivery : parts.deliveries) {
    delivery->courier.drain({.last_leaf = last_leaf, .ends_at = ends_at});
    delivery->wakeup.wake();
  }
}

void wake_couriers(const AgentParts& parts) {
  for (const auto& delivery : parts.deliveries) {
    delivery->wakeup.wake();
  }
}

bool is_draining(const AgentParts& parts) {
  return std::ranges::any_of(parts.deliveries, [](const auto& delivery) { return delivery->courier.is_draining(); });
}

std::uint64_t events_left(const AgentParts& parts) {
  std::uint64_t most = 0;
  for (const auto& delivery : parts.deliveries) {
    most = std::max(most, delivery->courier.backlog());
  }
  return most;
}

}  // namespace twinlog
