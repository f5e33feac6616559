#include "agent/main/retire_command_line.h"

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "agent/main/exit_code.h"
#include "agent/main/keeper_stores.h"
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

}  // namespace

int run_retire_command(const RetireOptions& options, const ConfigFile& config) {
  const auto loaded = load_or_explain(config.path, process_environment(), std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  const Settings& settings = loaded->settings;
  if (const std::string missing = missing_keeper_addresses(settings); !missing.empty()) {
    return refuse(missing);
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
    keepers.push_back({StoreSide::kPostgres, make_keeper_of_postgres(settings)});
  }
  if (settings.mongodb.enabled) {
    stores.push_back({StoreSide::kMongodb, make_mongodb_ledger_reader(settings.mongodb)});
    keepers.push_back({StoreSide::kMongodb, make_keeper_of_mongodb(settings)});
  }
  const SystemClock clock;
  return run_retire(options, *enrolment, stores, keepers, own_io(clock));
}

}  // namespace twinlog
