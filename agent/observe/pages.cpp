#include "agent/observe/pages.h"

#include <algorithm>

#include "agent/observe/health.h"
#include "agent/observe/metrics.h"
#include "agent/observe/readiness.h"

namespace twinlog {
namespace {

AdminPage plain(unsigned status, std::string words) {
  return {.status = status, .body = std::move(words) + "\n"};
}

}  // namespace

std::string_view twinlog_version() {
  return TWINLOG_VERSION;
}

std::string standing_thread(const Observed& observed) {
  if (observed.phase.load() != Phase::kRunning) {
    return "";
  }
  const auto oldest = observed.clock.steady_now() - kLongestTick;
  if (observed.writer_tick.load() < oldest) {
    return "the spool writer thread";
  }
  if (observed.intake->last_tick() < oldest) {
    return "the intake thread";
  }
  const auto standing = std::ranges::find_if(
      observed.couriers, [oldest](const Courier* courier) { return !courier->has_ticked_since(oldest); });
  return standing == observed.couriers.end() ? ""
                                             : "the courier thread of " + std::string(store_name((*standing)->store()));
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
  if (path == "/checkpoint") {
    return checkpoint();
  }
  return plain(404, "no such page; there are /livez /startupz /readyz /healthz /metrics /version /checkpoint");
}

AdminPage Pages::livez() const {
  const std::string standing = standing_thread(observed_);
  return standing.empty() ? plain(200, "ok") : plain(503, standing + " does not tick");
}

AdminPage Pages::startupz() const {
  if (observed_.phase.load() == Phase::kStarting) {
    return plain(503, "starting: configuration, spool and listeners are not all ready yet");
  }
  return plain(200, "ok");
}

/// The newest note as it is, for whoever keeps it where nobody of ours can change it.
AdminPage Pages::checkpoint() const {
  if (observed_.phase.load() == Phase::kStarting) {
    return plain(503, "starting: the spool is not open yet");
  }
  return {.content_type = "text/plain; charset=utf-8", .body = observed_.notary->status().newest_note};
}

AdminPage Pages::readyz() const {
  const std::string why =
      why_not_ready(gather_health_facts(observed_), observed_.ready_when_full ? WhenFull::kReady : WhenFull::kNotReady);
  return why.empty() ? plain(200, "ok") : plain(503, why);
}

}  // namespace twinlog
