#include "agent/observe/health_parts.h"
#include "agent/observe/metrics_parts.h"

namespace twinlog {
namespace {

// By OpenReason.
constexpr std::array<const char*, 6> kReasons = {"", "first", "roll_over", "restart", "store_ahead", "clock"};

void add_tree(MetricPage& page, const HealthFacts& facts) {
  const NotaryStatus& ledger = facts.ledger;
  page.gauge("twinlog_ledger_leaves", "Leaves of the tree under way.").add(facts.tree.size);
  page.gauge("twinlog_ledger_checkpoint_leaves", "Leaves that the newest checkpoint covers.").add(ledger.size);
  page.gauge("twinlog_ledger_last_checkpoint_timestamp_seconds", "When the newest checkpoint was signed; 0: none yet.")
      .add(static_cast<double>(ledger.signed_at) / kMicrosPerSecond);
  page.counter("twinlog_ledger_checkpoints_total", "Checkpoints signed.").add(ledger.checkpoints);
  page.counter("twinlog_ledger_gaps_total", "Leaves that declare lost or refused events.").add(ledger.gaps);
  page.gauge("twinlog_ledger_trouble", "1 while no checkpoint can be signed or kept.").add(!ledger.trouble.empty());
  auto epochs = page.counter("twinlog_ledger_epochs_total", "Trees begun, by reason.");
  for (std::size_t i = 1; i < kReasons.size(); ++i) {
    epochs.add(ledger.epochs.at(i), {{"reason", kReasons.at(i)}});
  }
}

void add_audit(MetricPage& page, const HealthFacts& facts) {
  auto leaves = page.counter("twinlog_ledger_audited_leaves_total",
                             "Leaves that the self-audit read back, by what the store had of them.");
  auto unread = page.counter("twinlog_ledger_audits_failed_total", "Rounds in which the store could not be read.");
  for (const StoreId id : {StoreId::kPostgres, StoreId::kMongodb}) {
    const StoreFacts& store = facts_of(facts, id);
    if (!store.is_enabled) {
      continue;
    }
    const AuditStatus audit = store.audit.value_or(AuditStatus{});
    const std::string name(store_name(id));
    leaves.add(audit.missing, {{"result", "missing"}, {"store", name}})
        .add(audit.modified, {{"result", "modified"}, {"store", name}})
        .add(audit.checked, {{"result", "signed"}, {"store", name}});
    unread.add(audit.unread, {{"store", name}});
  }
}

}  // namespace

void add_ledger_metrics(MetricPage& page, const HealthFacts& facts) {
  add_tree(page, facts);
  add_audit(page, facts);
}

}  // namespace twinlog
