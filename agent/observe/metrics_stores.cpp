#include <limits>
#include <optional>

#include "agent/observe/metrics_parts.h"

namespace twinlog {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

struct OneStore {
  const Courier& courier;
  const StoreFacts& facts;
  const DeadLetterCounts& letters;
  std::string name;
};

class StoreSeries {
 public:
  StoreSeries(MetricPage& page, const Observed& observed, const HealthFacts& facts) : page_(page), now_(facts.now) {
    for (const Courier* courier : observed.couriers) {
      const auto place = static_cast<std::size_t>(courier->store());
      stores_.push_back({*courier, facts.stores.at(place), facts.spool.dead_letters.at(place),
                         std::string(store_name(courier->store()))});
    }
  }

  void add() {
    add_lag();
    add_state();
    add_delivered();
    add_flushes();
    add_failures();
    add_losses();
    add_letters();
  }

 private:
  template <typename Value>
  void add_each(MetricPage::Family family, const Value& value) const {
    for (const OneStore& store : stores_) {
      family.add(value(store), {{"store", store.name}});
    }
  }
  /// A member of CourierStatus for each store.
  template <typename Value>
  void add_status(MetricPage::Family family, Value CourierStatus::*member) const {
    add_each(family, [member](const OneStore& store) { return store.facts.courier.*member; });
  }

  void add_lag() const {
    add_each(page_.gauge("twinlog_store_pending_records", "Accepted versions that this store does not have yet."),
             [](const OneStore& store) { return store.facts.backlog.events; });
    add_each(
        page_.gauge("twinlog_store_pending_bytes", "Bytes of those in the spool, before compression; NaN: not known."),
        [](const OneStore& store) {
          const auto bytes = store.facts.backlog.bytes;
          return bytes ? static_cast<double>(*bytes) : kNotKnown;
        });
    add_each(page_.gauge("twinlog_store_lag_seconds",
                         "Age of the oldest accepted version that this store does not have; 0: it has all; NaN: not "
                         "known."),
             [this](const OneStore& store) { return lag_of(store.facts.backlog); });
  }

  double lag_of(const Backlog& backlog) const {
    if (backlog.events == 0) {
      return 0;
    }
    const auto oldest = backlog.oldest_received_at;
    return oldest ? static_cast<double>(std::max<UtcMicros>(0, now_ - *oldest)) / kMicrosPerSecond : kNotKnown;
  }

  void add_state() const {
    add_status(page_.gauge("twinlog_store_connected", "1 while connected to the store."), &CourierStatus::is_connected);
    add_each(page_.gauge("twinlog_store_last_success_timestamp_seconds",
                         "Unix time of the last confirmed flush; NaN: none yet."),
             [](const OneStore& store) {
               const UtcMicros at = store.facts.courier.last_success_at;
               return at == 0 ? kNotKnown : static_cast<double>(at) / kMicrosPerSecond;
             });
    add_each(page_.gauge("twinlog_store_clock_offset_seconds",
                         "The store's clock minus ours as measured last; NaN: not measured yet."),
             [](const OneStore& store) {
               const auto offset = store.facts.courier.clock_offset;
               return offset ? static_cast<double>(offset->count()) / kMicrosPerSecond : kNotKnown;
             });
  }

  void add_delivered() const {
    auto records = page_.counter("twinlog_store_records_total", "Versions delivered, by what the store made of them.");
    for (const OneStore& store : stores_) {
      const CourierStatus& status = store.facts.courier;
      records.add(status.inserted, {{"result", "inserted"}, {"store", store.name}});
      records.add(status.duplicates, {{"result", "duplicate"}, {"store", store.name}});
      records.add(status.conflicts, {{"result", "conflict"}, {"store", store.name}});
    }
    add_status(page_.counter("twinlog_store_account_updates_total", "Account states written."),
               &CourierStatus::accounts);
    add_status(
        page_.counter("twinlog_store_account_recounts_total", "Account states whose failures were counted anew."),
        &CourierStatus::recounts);
  }

  void add_flushes() const {
    add_status(page_.counter("twinlog_store_batches_total", "Flushes that the store confirmed."),
               &CourierStatus::flushes);
    auto sizes = page_.histogram("twinlog_store_flush_size_events", "Versions of a flush that the store confirmed.");
    auto times = page_.histogram("twinlog_store_flush_seconds", "How long the store took to confirm a flush.");
    for (const OneStore& store : stores_) {
      sizes.add(store.courier.flush_sizes().read(), 1, {{"store", store.name}});
      times.add(store.courier.flush_micros().read(), kMicrosPerSecond, {{"store", store.name}});
    }
    add_status(page_.counter("twinlog_store_round_trips_total", "Waits for an answer of the store during flushes."),
               &CourierStatus::round_trips);
  }

  void add_failures() const {
    auto errors =
        page_.counter("twinlog_store_errors_total", "Failed connects and flushes, by what is done about them.");
    for (const OneStore& store : stores_) {
      for (std::size_t i = 0; i < kReactions; ++i) {
        errors.add(store.facts.courier.errors.at(i),
                   {{"reaction", std::string(reaction_text(static_cast<Reaction>(i)))}, {"store", store.name}});
      }
    }
    add_status(page_.gauge("twinlog_store_consecutive_failures", "Failures since the last success."),
               &CourierStatus::failures_in_a_row);
  }

  void add_losses() const {
    add_status(
        page_.counter("twinlog_store_rewinds_total", "Times the store had forgotten events and the cursor went back."),
        &CourierStatus::rewinds);
    add_status(page_.gauge("twinlog_store_position_ahead",
                           "1 when the store knows more of this spool than the spool (a clone)."),
               &CourierStatus::is_position_ahead);
    add_each(page_.gauge("twinlog_store_incomplete_since_timestamp_seconds",
                         "Unix time: the store lost what the spool no longer had, events accepted since then may be "
                         "missing; 0: none."),
             [](const OneStore& store) {
               return static_cast<double>(store.facts.incomplete_since.value_or(0)) / kMicrosPerSecond;
             });
  }

  void add_letters() const {
    add_each(page_.gauge("twinlog_dead_letters", "Events that the store refuses for good and nobody has settled."),
             [](const OneStore& store) { return store.letters.letters; });
    add_each(page_.gauge("twinlog_dead_letters_bytes", "Bytes that they take in the spool, discarded ones included."),
             [](const OneStore& store) { return store.letters.bytes; });
    add_each(page_.gauge("twinlog_dead_letters_accounts", "Accounts whose state in the store lacks something of them."),
             [](const OneStore& store) { return store.letters.accounts; });
    add_each(page_.gauge("twinlog_dead_letters_oldest_timestamp_seconds",
                         "Unix time at which the store refused the oldest of them; 0: there is none."),
             [](const OneStore& store) {
               return static_cast<double>(store.letters.oldest_refused_at.value_or(0)) / kMicrosPerSecond;
             });
    add_status(page_.counter("twinlog_store_dead_letters_total", "Events that became dead letters."),
               &CourierStatus::dead_letters);
    auto replayed = page_.counter("twinlog_dead_letters_replayed_total",
                                  "Dead letters offered to their store again, by what it "
                                  "made of them.");
    for (const OneStore& store : stores_) {
      const ReplayTally& tally = store.facts.courier.replay;
      replayed.add(tally.refused, {{"result", "refused"}, {"store", store.name}});
      replayed.add(tally.taken, {{"result", "taken"}, {"store", store.name}});
    }
    add_each(page_.gauge("twinlog_dead_letters_to_replay", "Dead letters ordered to be offered to their store again."),
             [](const OneStore& store) { return store.facts.courier.replay.waiting; });
  }

  MetricPage& page_;
  UtcMicros now_;
  std::vector<OneStore> stores_;
};

}  // namespace

void add_store_metrics(MetricPage& page, const Observed& observed, const HealthFacts& facts) {
  StoreSeries(page, observed, facts).add();
}

}  // namespace twinlog
