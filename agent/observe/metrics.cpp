#include "agent/observe/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>

#include "agent/observe/pages.h"

namespace twinlog {
namespace {

using Labels = std::map<std::string, std::string>;

constexpr std::array<const char*, kTransports> kTransportNames = {"unix", "http"};
constexpr double kMicrosPerSecond = 1e6;

// The parts count for themselves; the registry's counter is brought up to their number at each scrape.
void raise_to(prometheus::Counter& counter, std::uint64_t total) {
  counter.Increment(static_cast<double>(total) - counter.Value());
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Gauge>& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }

  prometheus::Family<prometheus::Counter>& ingest_events =
      counter("twinlog_ingest_events_total", "Events answered, by way in and answer.");
  prometheus::Family<prometheus::Counter>& ingest_bytes =
      counter("twinlog_ingest_bytes_total", "Bytes read from senders.");
  prometheus::Family<prometheus::Gauge>& ingest_connections =
      gauge("twinlog_ingest_connections", "Connections of senders that are open now.");
  prometheus::Family<prometheus::Counter>& ingest_cut =
      counter("twinlog_ingest_connections_cut_total", "Connections of senders that a limit closed.");
  prometheus::Family<prometheus::Counter>& unauthorized =
      counter("twinlog_ingest_unauthorized_total", "HTTP requests without the right bearer token.");
  prometheus::Family<prometheus::Counter>& redactions =
      counter("twinlog_redactions_total", "Values replaced before anything was kept, by rule.");
  prometheus::Family<prometheus::Counter>& repairs =
      counter("twinlog_repairs_total", "What was repaired in events, by rule.");

  prometheus::Family<prometheus::Counter>& commits =
      counter("twinlog_spool_commits_total", "Group commits that reached the disk.");
  prometheus::Family<prometheus::Counter>& commit_events =
      counter("twinlog_spool_commit_events_total", "Events in group commits.");
  prometheus::Family<prometheus::Counter>& commit_errors =
      counter("twinlog_spool_commit_errors_total", "Group commits that the disk refused.");
  prometheus::Family<prometheus::Counter>& syncs = counter("twinlog_spool_syncs_total", "Syncs of the spool's log.");
  prometheus::Family<prometheus::Counter>& sync_errors =
      counter("twinlog_spool_sync_errors_total", "Writes or syncs of the spool's log that failed.");
  prometheus::Family<prometheus::Gauge>& spool_size =
      gauge("twinlog_spool_size_bytes", "Bytes that the spool's folder takes on disk.");
  prometheus::Family<prometheus::Gauge>& spool_capacity =
      gauge("twinlog_spool_capacity_bytes", "Bytes that the spool's folder may take on disk.");
  prometheus::Family<prometheus::Gauge>& spool_volume_free =
      gauge("twinlog_spool_volume_free_bytes", "Bytes that the spool's volume would still give; NaN: not known.");
  prometheus::Family<prometheus::Gauge>& spool_full_in =
      gauge("twinlog_spool_full_in_seconds", "Until the spool is full at the last minute's rate; +Inf: never.");
  prometheus::Family<prometheus::Gauge>& spool_full = gauge("twinlog_spool_full", "1 while the spool takes no event.");
  prometheus::Family<prometheus::Gauge>& spool_kept =
      gauge("twinlog_spool_records", "Accepted versions that the spool keeps, delivered ones included.");
  prometheus::Family<prometheus::Gauge>& spool_writable =
      gauge("twinlog_spool_writable", "1 when the last write to the spool succeeded.");

  prometheus::Family<prometheus::Gauge>& store_pending =
      gauge("twinlog_store_pending_records", "Accepted versions that this store does not have yet.");
  prometheus::Family<prometheus::Gauge>& store_connected =
      gauge("twinlog_store_connected", "1 while connected to the store.");
  prometheus::Family<prometheus::Counter>& store_records =
      counter("twinlog_store_records_total", "Versions delivered, by what the store made of them.");
  prometheus::Family<prometheus::Counter>& store_batches =
      counter("twinlog_store_batches_total", "Flushes that the store confirmed.");
  prometheus::Family<prometheus::Counter>& store_errors =
      counter("twinlog_store_errors_total", "Failed connects and flushes, by what is done about them.");
  prometheus::Family<prometheus::Gauge>& store_failures =
      gauge("twinlog_store_consecutive_failures", "Failures since the last success.");
  prometheus::Family<prometheus::Counter>& store_accounts =
      counter("twinlog_store_account_updates_total", "Account states written.");
  prometheus::Family<prometheus::Counter>& store_recounts =
      counter("twinlog_store_account_recounts_total", "Account states whose failures were counted anew.");
  prometheus::Family<prometheus::Counter>& store_round_trips =
      counter("twinlog_store_round_trips_total", "Waits for an answer of the store during flushes.");
  prometheus::Family<prometheus::Gauge>& store_last_success =
      gauge("twinlog_store_last_success_timestamp_seconds", "Unix time of the last confirmed flush; 0: none yet.");
  prometheus::Family<prometheus::Counter>& store_rewinds =
      counter("twinlog_store_rewinds_total", "Times the store had forgotten events and the cursor went back.");
  prometheus::Family<prometheus::Gauge>& store_position_ahead =
      gauge("twinlog_store_position_ahead", "1 when the store knows more of this spool than the spool (a clone).");
  prometheus::Family<prometheus::Gauge>& store_incomplete_since = gauge(
      "twinlog_store_incomplete_since_timestamp_seconds",
      "Unix time: the store lost what the spool no longer had, events accepted since then may be missing; 0: none.");

  Families() {
    gauge("twinlog_build_info", "Build information; always 1.")
        .Add({{"version", std::string(twinlog_version())}, {"compiler", __VERSION__}})
        .Set(1);
  }

  void update_intake(const IntakeCounters& counters);
  void update_spool(const Observed& observed);
  void update_store(const Courier& courier, const SpoolStats& spool);
};

void Metrics::Families::update_intake(const IntakeCounters& counters) {
  for (std::size_t i = 0; i < kTransports; ++i) {
    const auto& from = counters.transports.at(i);
    const std::string transport = kTransportNames.at(i);
    const auto raise = [&](const char* result, std::uint64_t total) {
      raise_to(ingest_events.Add({{"transport", transport}, {"result", result}}), total);
    };
    raise("stored", from.stored.load());
    raise("duplicate", from.duplicate.load());
    raise("conflict", from.conflict.load());
    raise("rejected", from.rejected.load());
    raise("busy", from.busy.load());
    const Labels labels{{"transport", transport}};
    raise_to(ingest_bytes.Add(labels), from.bytes.load());
    ingest_connections.Add(labels).Set(static_cast<double>(from.connections.load()));
    raise_to(ingest_cut.Add(labels), from.cut.load());
  }
  for (std::size_t i = 0; i < kRedactionRules; ++i) {
    const std::string rule(redaction_rule_text(static_cast<RedactionRule>(i)));
    raise_to(redactions.Add({{"rule", rule}}), counters.redactions.at(i).load());
  }
  for (std::size_t i = 0; i < kRepairRules; ++i) {
    const std::string rule(repair_rule_text(static_cast<RepairRule>(i)));
    raise_to(repairs.Add({{"rule", rule}}), counters.repairs.at(i).load());
  }
  raise_to(unauthorized.Add({}), counters.http_unauthorized.load());
}

void Metrics::Families::update_spool(const Observed& observed) {
  const FrontDoorCounters& door = observed.front_door->counters();
  raise_to(commits.Add({}), door.commits.load());
  raise_to(commit_events.Add({}), door.commit_events.load());
  raise_to(commit_errors.Add({}), door.commit_errors.load());
  const SpoolStats stats = observed.spool->stats();
  raise_to(syncs.Add({}), stats.syncs);
  raise_to(sync_errors.Add({}), stats.sync_errors);
  spool_size.Add({}).Set(static_cast<double>(stats.disk_bytes));
  spool_capacity.Add({}).Set(static_cast<double>(stats.max_bytes));
  spool_volume_free.Add({}).Set(stats.volume_free_bytes ? static_cast<double>(*stats.volume_free_bytes)
                                                        : std::numeric_limits<double>::quiet_NaN());
  spool_full_in.Add({}).Set(stats.full_in ? static_cast<double>(stats.full_in->count())
                                          : std::numeric_limits<double>::infinity());
  spool_full.Add({}).Set(stats.is_full ? 1 : 0);
  spool_kept.Add({}).Set(static_cast<double>(stats.last_leaf + 1 - stats.first_kept_leaf));
  spool_writable.Add({}).Set(stats.writable ? 1 : 0);
}

void Metrics::Families::update_store(const Courier& courier, const SpoolStats& spool) {
  const CourierStatus status = courier.status();
  const std::string name(store_name(courier.store()));
  const Labels labels{{"store", name}};
  store_pending.Add(labels).Set(static_cast<double>(courier.backlog()));
  store_connected.Add(labels).Set(status.is_connected ? 1 : 0);
  raise_to(store_records.Add({{"store", name}, {"result", "inserted"}}), status.inserted);
  raise_to(store_records.Add({{"store", name}, {"result", "duplicate"}}), status.duplicates);
  raise_to(store_records.Add({{"store", name}, {"result", "conflict"}}), status.conflicts);
  raise_to(store_batches.Add(labels), status.flushes);
  for (std::size_t i = 0; i < kReactions; ++i) {
    const std::string reaction(reaction_text(static_cast<Reaction>(i)));
    raise_to(store_errors.Add({{"store", name}, {"reaction", reaction}}), status.errors.at(i));
  }
  store_failures.Add(labels).Set(static_cast<double>(status.failures_in_a_row));
  raise_to(store_accounts.Add(labels), status.accounts);
  raise_to(store_recounts.Add(labels), status.recounts);
  raise_to(store_round_trips.Add(labels), status.round_trips);
  store_last_success.Add(labels).Set(static_cast<double>(status.last_success_at) / kMicrosPerSecond);
  raise_to(store_rewinds.Add(labels), status.rewinds);
  store_position_ahead.Add(labels).Set(status.is_position_ahead ? 1 : 0);
  const UtcMicros since = spool.incomplete_since.at(static_cast<std::size_t>(courier.store())).value_or(0);
  store_incomplete_since.Add(labels).Set(static_cast<double>(since) / kMicrosPerSecond);
}

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

std::string Metrics::text(const Observed& observed) {
  families_->update_intake(*observed.intake_counters);
  families_->update_spool(observed);
  for (const Courier* courier : observed.couriers) {
    families_->update_store(*courier, observed.spool->stats());
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace twinlog
