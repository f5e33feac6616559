#include "agent/observe/pages.h"

#include "agent/observe/health.h"
#include "agent/observe/metrics.h"

namespace twinlog {
namespace {

AdminPage plain(unsigned status, std::string words) {
  return {.status = status, .body = std::move(words) + "\n"};
}

}  // namespace

std::string_view twinlog_version() {
  return TWINLOG_VERSION;
}

AdminPage Pages::page(std::string_view path) {
  if (path == "/livez") {
    return livez();
  }
  if (path == "/startupz") {
    return startupz();
  }
  if (path == "/readyz") {
    return readyz();
  }
  if (path == "/healthz") {
    const HealthFacts facts = gather_health_facts(observed_);
    return {.content_type = "application/json", .body = health_json(facts, judge_health(facts))};
  }
  if (path == "/version") {
    return {.content_type = "application/json",
            .body = R"({"name":"twinlog","version":")" + std::string(twinlog_version()) + "\"}\n"};
  }
  if (path == "/metrics") {
    if (observed_.phase.load() == Phase::kStarting) {
      return plain(503, "starting: the spool is not open yet");
    }
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(observed_)};
  }
  return plain(404, "no such page; there are /livez /startupz /readyz /healthz /metrics /version");
}

AdminPage Pages::livez() const {
  if (observed_.phase.load() != Phase::kRunning) {
    return plain(200, "ok");
  }
  const auto now = observed_.clock.steady_now();
  if (now - observed_.writer_tick.load() > kLongestTick) {
    return plain(503, "the spool writer thread does not tick");
  }
  if (now - observed_.intake->last_tick() > kLongestTick) {
    return plain(503, "the intake thread does not tick");
  }
  for (const Courier* courier : observed_.couriers) {
    if (!courier->has_ticked_since(now - kLongestTick)) {
      return plain(503, "the courier thread of " + std::string(store_name(courier->store())) + " does not tick");
    }
  }
  return plain(200, "ok");
}

AdminPage Pages::startupz() const {
  if (observed_.phase.load() == Phase::kStarting) {
    return plain(503, "starting: configuration, spool and listeners are not all ready yet");
  }
  return plain(200, "ok");
}

AdminPage Pages::readyz() const {
  switch (observed_.phase.load()) {
    case Phase::kStarting:
      return plain(503, "starting");
    case Phase::kStopping:
      return plain(503, "stopping: no new events are taken");
    case Phase::kRunning:
      break;
  }
  const SpoolStats stats = observed_.spool->stats();
  if (!stats.writable) {
    return plain(503, "the spool's disk refuses writes");
  }
  if (stats.is_full && !observed_.ready_when_full) {
    const std::string left =
        stats.volume_free_bytes ? "; its volume has " + std::to_string(*stats.volume_free_bytes) + " bytes left" : "";
    return plain(503, "the spool is full: " + std::to_string(stats.disk_bytes) + " of " +
                          std::to_string(stats.max_bytes) + " bytes" + left);
  }
  return plain(200, "ok");
}

}  // namespace twinlog
