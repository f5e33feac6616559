#include "agent/observe/metrics.h"

#include "agent/observe/health.h"
#include "agent/observe/metrics_parts.h"
#include "agent/observe/pages.h"

namespace twinlog {
namespace {

void add_agent_metrics(MetricPage& page, const Observed& observed, HealthState now) {
  page.gauge("twinlog_build_info", "Build information; always 1.")
      .add(true, {{"compiler", __VERSION__}, {"version", std::string(twinlog_version())}});
  auto state = page.gauge("twinlog_state", "1 for the overall state of the health page, 0 for the other states.");
  for (const HealthState each : {HealthState::kOk, HealthState::kDegraded, HealthState::kFailing}) {
    state.add(now == each, {{"state", std::string(health_state_text(each))}});
  }
  page.counter("twinlog_config_reloads_total", "Reloads of the configuration, by result.")
      .add(observed.reloads.load(), {{"result", "taken"}})
      .add(observed.refused_reloads.load(), {{"result", "refused"}});
}

void add_admin_metrics(MetricPage& page, const Observed& observed) {
  auto requests = page.counter("twinlog_admin_requests_total", "Requests that the admin endpoint answered, by status.");
  const auto add = [&requests](const AdminServer* server, const char* listener) {
    for (std::size_t i = 0; server != nullptr && i < kAdminStatuses.size(); ++i) {
      requests.add(server->counters().answered.at(i).load(),
                   {{"code", std::to_string(kAdminStatuses.at(i))}, {"listener", listener}});
    }
  };
  add(observed.admin, "port");
  add(observed.admin_socket, "socket");
}

}  // namespace

std::string metrics_text(const Observed& observed) {
  const HealthFacts facts = gather_health_facts(observed);
  MetricPage page;
  add_agent_metrics(page, observed, judge_health(facts).state);
  add_intake_metrics(page, *observed.intake_counters);
  add_spool_metrics(page, observed.front_door->counters(), facts.spool);
  add_store_metrics(page, observed, facts);
  add_ledger_metrics(page, facts);
  add_admin_metrics(page, observed);
  add_process_metrics(page);
  return page.text();
}

}  // namespace twinlog
