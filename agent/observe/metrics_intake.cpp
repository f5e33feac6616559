#include "agent/observe/metrics_parts.h"
#include "agent/observe/refusals.h"

namespace twinlog {
namespace {

constexpr std::array<const char*, kTransports> kTransportNames = {"unix", "http"};

template <typename Add>
void for_each_transport(const IntakeCounters& counters, const Add& add) {
  for (std::size_t i = 0; i < kTransports; ++i) {
    add(counters.transports.at(i), std::string(kTransportNames.at(i)));
  }
}

void add_answers(MetricPage& page, const IntakeCounters& counters) {
  auto events = page.counter("twinlog_ingest_events_total", "Events answered, by way in and answer.");
  auto time = page.histogram("twinlog_ingest_answer_seconds",
                             "From a complete request, or complete lines read at once, to the answer on its way out.");
  for_each_transport(counters, [&](const IntakeCounters::PerTransport& from, const std::string& transport) {
    const auto add = [&](const char* result, const std::atomic<std::uint64_t>& total) {
      events.add(total.load(), {{"result", result}, {"transport", transport}});
    };
    add("stored", from.stored);
    add("duplicate", from.duplicate);
    add("conflict", from.conflict);
    add("rejected", from.rejected);
    add("busy", from.busy);
    time.add(from.answer_micros.read(), kMicrosPerSecond, {{"transport", transport}});
  });
}

void add_connections(MetricPage& page, const IntakeCounters& counters) {
  auto bytes = page.counter("twinlog_ingest_bytes_total", "Bytes read from senders.");
  auto open = page.gauge("twinlog_ingest_connections", "Connections of senders that are open now.");
  auto cut = page.counter("twinlog_ingest_connections_cut_total", "Connections of senders that a limit closed.");
  for_each_transport(counters, [&](const IntakeCounters::PerTransport& from, const std::string& transport) {
    const MetricPage::Labels labels{{"transport", transport}};
    bytes.add(from.bytes.load(), labels);
    open.add(from.connections.load(), labels);
    cut.add(from.cut.load(), labels);
  });
}

void add_refusals(MetricPage& page, const IntakeCounters& counters) {
  const auto ways = read_refusals(counters);
  auto rejected = page.counter("twinlog_ingest_rejected_total", "Events rejected, by the field and what is wrong.");
  for (std::size_t i = 0; i < kEventRefusals; ++i) {
    std::uint64_t count = 0;
    for (const WayCounts& way : ways) {
      count += way.refused.at(i);
    }
    rejected.add(count, {{"field", std::string(rejected_field_text(refused_field(i)))},
                         {"reason", std::string(rejection_cause_text(refusal_cause(i)))}});
  }
  auto requests = page.counter("twinlog_ingest_http_requests_total", "HTTP requests answered, by status.");
  for (std::size_t i = 0; i < kIntakeStatuses.size(); ++i) {
    requests.add(counters.http_answers.answered.at(i).load(), {{"code", std::to_string(kIntakeStatuses.at(i))}});
  }
  page.counter("twinlog_ingest_peers_refused_total", "Peers of the Unix sockets that were not let in.")
      .add(peers_refused(ways));
}

void add_changes(MetricPage& page, const IntakeCounters& counters) {
  auto redactions = page.counter("twinlog_redactions_total", "Values replaced before anything was kept, by rule.");
  for (std::size_t i = 0; i < kRedactionRules; ++i) {
    redactions.add(counters.redactions.at(i).load(),
                   {{"rule", std::string(redaction_rule_text(static_cast<RedactionRule>(i)))}});
  }
  auto repairs = page.counter("twinlog_repairs_total", "What was repaired in events, by rule.");
  for (std::size_t i = 0; i < kRepairRules; ++i) {
    repairs.add(counters.repairs.at(i).load(), {{"rule", std::string(repair_rule_text(static_cast<RepairRule>(i)))}});
  }
}

}  // namespace

void add_intake_metrics(MetricPage& page, const IntakeCounters& counters) {
  add_answers(page, counters);
  add_connections(page, counters);
  add_refusals(page, counters);
  add_changes(page, counters);
}

}  // namespace twinlog
