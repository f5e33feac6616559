// The ledger of a running agent: the notary, and the thread that reads back and looks for witnesses.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "agent/main/worker.h"
#include "agent/notary/notary.h"
#include "agent/notary/witness_pool.h"
#include "agent/pipeline/ledger_watch.h"
#include "config/settings.h"
#include "ledger/base/wakeup.h"
#include "ledger/note/signing_key.h"
#include "plugins/api/store.h"

namespace twinlog {

struct AgentParts;

/// One store as the audit reads it, over a connection of its own.
struct Audited {
  StoreId store;
  std::unique_ptr<StoreReader> reader;
  std::unique_ptr<LedgerWatch> watch;  ///< Null where ledger.self_audit is off.
};

struct LedgerParts {
  std::optional<SigningKey> enrolment_key;  ///< Read before anything starts; moved into the notary.
  std::vector<Audited> audited;
  std::unique_ptr<WitnessPool> witnesses;  ///< Null with a throw-away key: nobody else knows it.
  std::unique_ptr<Notary> notary;
  Wakeup audit_wakeup;
  std::unique_ptr<Worker> auditor;  ///< The thread around `audited` and `witnesses`.
};

/// Reads it where the settings name one; the error says why it cannot be used.
Status take_enrolment_key(AgentParts& parts);
/// Makes the notary, which begins the run's epoch: before anything is taken.
void start_notary(AgentParts& parts);
/// Starts the thread that reads back.
void start_audit(AgentParts& parts);
/// Null where there is none for the store.
LedgerWatch* watch_of(AgentParts& parts, StoreId store);

}  // namespace twinlog
