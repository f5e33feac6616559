#include "agent/main/reconcile_command_line.h"

#include <iostream>
#include <vector>

#include "agent/main/exit_code.h"
#include "agent/main/operator_commands.h"
#include "ledger/base/clock.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {

int run_reconcile_command(const ReconcileOptions& options, const ConfigFile& config) {
  const auto loaded = load_or_explain(config.path, process_environment(), std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  const Settings& settings = loaded->settings;
  if (!settings.postgres.enabled || !settings.mongodb.enabled) {
    std::cerr << "twinlog: there are not two stores to be compared: one is not enabled\n";
    return kVerifyInput;
  }
  std::vector<StoreToVerify> stores;
  stores.push_back({StoreSide::kPostgres, make_postgres_ledger_reader(settings.postgres)});
  stores.push_back({StoreSide::kMongodb, make_mongodb_ledger_reader(settings.mongodb)});
  const StoreMenders menders{make_postgres_mender(settings.postgres), make_mongodb_mender(settings.mongodb)};
  const SystemClock clock;
  return run_reconcile(options, stores, menders, own_io(clock));
}

}  // namespace twinlog
