// The PostgreSQL store. libpq's headers stay inside this folder's .cpp files.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "config/settings.h"
#include "ledger/base/clock.h"
#include "plugins/api/keeper.h"
#include "plugins/api/ledger_reader.h"
#include "plugins/api/mender.h"
#include "plugins/api/proof_reader.h"
#include "plugins/api/store.h"

namespace twinlog {

/// What the store has to know of its agent.
struct PostgresStoreSettings {
  StoreSettings store;
  std::string agent;
  /// The time limit of a recount that has not failed yet; it grows by itself.
  std::chrono::milliseconds recount_limit = std::chrono::minutes{1};
};

std::unique_ptr<Store> make_postgres_store(PostgresStoreSettings settings, const Clock& clock);
std::unique_ptr<StoreAdmin> make_postgres_admin(StoreSettings settings);
std::unique_ptr<StoreReader> make_postgres_reader(StoreSettings settings);
/// For `twinlog verify`: its role needs to read every table of the agents as a whole.
std::unique_ptr<LedgerReader> make_postgres_ledger_reader(StoreSettings settings);
/// For `twinlog prove`: of any role that reads the tables.
std::unique_ptr<ProofReader> make_postgres_proof_reader(StoreSettings settings);
/// For erasure, retention and retirement: its role needs the rights of twinlog_keeper.
std::unique_ptr<StoreKeeper> make_postgres_keeper(StoreSettings settings);
/// For `twinlog reconcile --repair`: by the login of the agents.
std::unique_ptr<StoreMender> make_postgres_mender(StoreSettings settings);
/// The client library that this process runs with.
std::string libpq_version();

}  // namespace twinlog
