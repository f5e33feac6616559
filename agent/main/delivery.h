// One store with its courier and the thread around it.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/main/worker.h"
#include "agent/notary/notary.h"
#include "agent/pipeline/courier.h"
#include "agent/pipeline/ledger_watch.h"
#include "ledger/base/wakeup.h"

namespace twinlog {

/// What every delivery shares.
struct Surroundings {
  Spool& spool;
  const Clock& clock;
  Random& random;
  Log& log;
  Notary& notary;
  LedgerWatch* watch;  ///< Of this store; null where there is none.
};

struct Delivery {
  Delivery(CourierSettings settings, std::unique_ptr<Store> the_store, const Surroundings& around)
      : store(std::move(the_store)),
        courier(settings, {.spool = around.spool,
                           .store = *store,
                           .clock = around.clock,
                           .random = around.random,
                           .log = around.log,
                           .declare =
                               [&notary = around.notary](StoreId id, const std::vector<DeadLetter>& letters) {
                                 return notary.declare_refused(id, letters);
                               },
                           .on_ahead = [&notary = around.notary] { notary.begin_another(); },
                           .on_delivered =
                               [watch = around.watch](const SpoolBatch& batch) {
                                 if (watch != nullptr) {
                                   watch->passed(batch);
                                 }
                               }}),
        // Ticks at least that often, whatever the backoff: /livez looks at it.
        worker(settings.store == StoreId::kPostgres ? "to-postgres" : "to-mongodb", wakeup,
               [this] { return std::min(courier.step(), Courier::kIdle); }) {}

  std::unique_ptr<Store> store;
  Courier courier;
  Wakeup wakeup;
  Worker worker;
};

}  // namespace twinlog
