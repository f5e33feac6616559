#include "agent/main/retire_command_line.h"

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "agent/main/exit_code.h"
#include "agent/main/operator_commands.h"
#include "agent/notary/enrolment.h"
#include "ledger/base/clock.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

int refuse(const std::string& words) {
  std::cerr << "twinlog: " << words << "\n";
  return kExitFinding;
}

/// Its password stands in its address: that of the writer is another login's.
StoreSettings keeper_settings(const StoreSettings& store) {
  StoreSettings settings = store;
  settings.uri = store.keeper_uri;
  settings.password = Secret();
  return settings;
}

std::string missing_addresses(const Settings& settings) {
  std::string missing;
  for (const auto& [store, name] : {std::pair{&settings.postgres, "stores.postgres.keeper_uri"},
                                    std::pair{&settings.mongodb, "stores.mongodb.keeper_uri"}}) {
    if (store->enabled && !store->keeper_uri.is_set()) {
      missing += (missing.empty() ? "" : " and ") + std::string(name);
    }
  }
  return missing;
}

}  // namespace

int run_retire_command(const RetireOptions& options, const ConfigFile& config) {
  const auto loaded = load_or_explain(config.path, process_environment(), std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  const Settings& settings = loaded->settings;
  if (const std::string missing = missing_addresses(settings); !missing.empty()) {
    return refuse("set " + missing + " (or keeper_uri_file): the address of a login with role twinlog_keeper");
  }
  if (settings.ledger.enrolment_key_file.empty()) {
    return refuse("set ledger.enrolment_key_file: a retirement is signed with the enrolment key");
  }
  const Result<SigningKey> enrolment = read_enrolment_key(settings.ledger.enrolment_key_file);
  if (!enrolment) {
    return refuse(enrolment.error().message());
  }
  std::vector<StoreToVerify> stores;
  std::vector<StoreToKeep> keepers;
  if (settings.postgres.enabled) {
    stores.push_back({StoreSide::kPostgres, make_postgres_ledger_reader(settings.postgres)});
    keepers.push_back({StoreSide::kPostgres, make_postgres_keeper(keeper_settings(settings.postgres))});
  }
  if (settings.mongodb.enabled) {
    stores.push_back({StoreSide::kMongodb, make_mongodb_ledger_reader(settings.mongodb)});
    keepers.push_back({StoreSide::kMongodb, make_mongodb_keeper(keeper_settings(settings.mongodb))});
  }
  const SystemClock clock;
  return run_retire(options, *enrolment, stores, keepers, own_io(clock));
}

}  // namespace twinlog
