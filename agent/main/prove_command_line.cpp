#include "agent/main/prove_command_line.h"

#include <iostream>
#include <utility>
#include <vector>

#include "agent/cli/verify_command.h"
#include "agent/main/exit_code.h"
#include "agent/main/operator_commands.h"
#include "ledger/base/clock.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

bool is_wanted(const ProveLine& line, StoreSide side) {
  return !line.only || *line.only == side_text(side);
}

StoreSettings named(const std::string& uri) {
  StoreSettings settings;
  settings.uri = Secret::literal(uri);
  return settings;
}

}  // namespace

int run_prove_command(const ProveLine& line, const ConfigFile& config) {
  std::optional<StoreSettings> postgres;
  std::optional<StoreSettings> mongodb;
  if (line.postgres || line.mongodb) {
    postgres = line.postgres ? std::optional(named(*line.postgres)) : std::nullopt;
    mongodb = line.mongodb ? std::optional(named(*line.mongodb)) : std::nullopt;
  } else {
    const auto loaded = load_or_explain(config.path, process_environment(), std::cerr);
    if (!loaded) {
      return kExitConfiguration;
    }
    const Settings& settings = loaded->settings;
    postgres = settings.postgres.enabled ? std::optional<StoreSettings>(settings.postgres) : std::nullopt;
    mongodb = settings.mongodb.enabled ? std::optional<StoreSettings>(settings.mongodb) : std::nullopt;
  }
  std::vector<StoreToProve> stores;
  if (postgres && is_wanted(line, StoreSide::kPostgres)) {
    stores.push_back({StoreSide::kPostgres, make_postgres_proof_reader(*postgres)});
  }
  if (mongodb && is_wanted(line, StoreSide::kMongodb)) {
    stores.push_back({StoreSide::kMongodb, make_mongodb_proof_reader(*mongodb)});
  }
  if (stores.empty()) {
    std::cerr << "twinlog: no store is left to be read: see --store\n";
    return kVerifyInput;
  }
  ProveOptions options = line.options;
  options.existing = line.forces ? Existing::kReplaced : Existing::kKept;
  const SystemClock clock;
  return run_prove(options, stores, own_io(clock));
}

}  // namespace twinlog
