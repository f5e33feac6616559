#include "agent/observe/health.h"

#include <algorithm>
#include <array>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

/// Where several are equally bad, the first of these is most likely the cause of the others.
constexpr std::array<std::string_view, 12> kCausesFirst = {"disk",
                                                           "spool",
                                                           "intake_socket",
                                                           "intake_http",
                                                           "store_postgres",
                                                           "store_mongodb",
                                                           "dead_letters_postgres",
                                                           "dead_letters_mongodb",
                                                           "courier_postgres",
                                                           "courier_mongodb",
                                                           "clock",
                                                           "ledger"};

HealthState worst_of(const std::vector<HealthComponent>& components) {
  HealthState worst = HealthState::kOk;
  for (const HealthComponent& component : components) {
    worst = std::max(worst, component.state);
  }
  return worst;
}

std::string well_summary(const HealthFacts& facts) {
  std::uint64_t waiting = 0;
  for (const StoreFacts& store : facts.stores) {
    waiting = std::max(waiting, store.is_enabled ? store.backlog.events : 0);
  }
  const std::string on_the_way = count_words(waiting, "event");
  if (is_draining(facts)) {
    return "Draining as asked: login events are still taken, " + on_the_way + " on the way.";
  }
  return waiting == 0 ? "All is well: login events are taken, and every store has everything."
                      : "All is well: login events are taken and delivered, " + on_the_way + " on the way.";
}

std::string bad_summary(const HealthReport& report) {
  const auto is_worst = [&report](const HealthComponent& each) { return each.state == report.state; };
  const auto others = std::ranges::count_if(report.components, is_worst) - 1;
  for (const std::string_view name : kCausesFirst) {
    for (const HealthComponent& component : report.components) {
      if (component.name == name && is_worst(component)) {
        return name.data() + (": " + component.diagnosis) +
               (others == 0 ? ""
                            : " (" + count_words(static_cast<std::uint64_t>(others), "other component") + " " +
                                  std::string(health_state_text(report.state)) + ", too.)");
      }
    }
  }
  return "";
}

std::string summary_of(const HealthFacts& facts, const HealthReport& report) {
  switch (facts.phase) {
    case Phase::kStarting:
      return "Starting: the spool is being opened, no login events are taken yet.";
    case Phase::kStopping:
      return "Stopping: no new login events are taken, what waits is being delivered.";
    case Phase::kRunning:
      break;
  }
  return report.state == HealthState::kOk ? well_summary(facts) : bad_summary(report);
}

}  // namespace

std::string_view health_state_text(HealthState state) {
  switch (state) {
    case HealthState::kOff:
      return "off";
    case HealthState::kOk:
      return "ok";
    case HealthState::kDegraded:
      return "degraded";
    case HealthState::kFailing:
      break;
  }
  return "failing";
}

HealthReport judge_health(const HealthFacts& facts) {
  HealthReport report;
  report.components = {judge_socket(facts),
                       judge_http(facts),
                       judge_spool(facts),
                       judge_disk(facts),
                       judge_store(facts, StoreId::kPostgres),
                       judge_store(facts, StoreId::kMongodb),
                       judge_courier(facts, StoreId::kPostgres),
                       judge_courier(facts, StoreId::kMongodb),
                       judge_dead_letters(facts, StoreId::kPostgres),
                       judge_dead_letters(facts, StoreId::kMongodb),
                       judge_clock(facts),
                       judge_ledger(facts)};
  report.state = worst_of(report.components);
  report.warnings = health_warnings(facts);
  report.summary = summary_of(facts, report);
  return report;
}

}  // namespace twinlog
