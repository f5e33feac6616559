// The document store (MongoDB wire protocol). mongo-c-driver's headers stay inside this folder's .cpp files.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "ledger/base/clock.h"
#include "ledger/base/wakeup.h"
#include "plugins/api/keeper.h"
#include "plugins/api/ledger_reader.h"
#include "plugins/api/mender.h"
#include "plugins/api/proof_reader.h"
#include "plugins/api/store.h"

namespace twinlog {

/// What the store has to know of its agent.
struct MongodbStoreSettings {
  StoreSettings store;
  std::string agent;
};

/// Where others write the same accounts it waits in `pauses` for moments; nothing needs to wake it.
std::unique_ptr<Store> make_mongodb_store(MongodbStoreSettings settings, const Clock& clock, Random& random,
                                          Wait& pauses);
std::unique_ptr<StoreAdmin> make_mongodb_admin(StoreSettings settings);
std::unique_ptr<StoreReader> make_mongodb_reader(StoreSettings settings);
/// Reads from the primary; the login needs no more than to read.
std::unique_ptr<LedgerReader> make_mongodb_ledger_reader(StoreSettings settings);
/// For `twinlog prove`. As above.
std::unique_ptr<ProofReader> make_mongodb_proof_reader(StoreSettings settings);
/// What erases, prunes and retires; by the login of `keeper_uri`, which it takes as the `uri` of its settings.
std::unique_ptr<StoreKeeper> make_mongodb_keeper(StoreSettings settings);
/// For `twinlog reconcile --repair`: by the login of the agents.
std::unique_ptr<StoreMender> make_mongodb_mender(StoreSettings settings);
/// The driver that this process runs with.
std::string mongoc_version();

}  // namespace twinlog
