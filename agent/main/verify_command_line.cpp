#include "agent/main/verify_command_line.h"

#include <array>
#include <iostream>
#include <utility>
#include <vector>

#include "agent/main/exit_code.h"
#include "agent/main/operator_commands.h"
#include "ledger/base/clock.h"
#include "plugins/exports/export_reader.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

bool names_a_source(const VerifyLine& line) {
  return line.postgres || line.mongodb || line.postgres_export || line.mongodb_export;
}

bool is_wanted(const VerifyLine& line, StoreSide side) {
  return !line.only || *line.only == side_text(side);
}

void add_configured(const Settings& settings, const VerifyLine& line, std::vector<StoreToVerify>& stores) {
  if (settings.postgres.enabled && is_wanted(line, StoreSide::kPostgres)) {
    stores.push_back({StoreSide::kPostgres, make_postgres_ledger_reader(settings.postgres),
                      make_postgres_proof_reader(settings.postgres)});
  }
  if (settings.mongodb.enabled && is_wanted(line, StoreSide::kMongodb)) {
    stores.push_back({StoreSide::kMongodb, make_mongodb_ledger_reader(settings.mongodb),
                      make_mongodb_proof_reader(settings.mongodb)});
  }
}

void add_named(const VerifyLine& line, std::vector<StoreToVerify>& stores) {
  StoreSettings settings;
  if (line.postgres_export) {
    stores.push_back(
        {StoreSide::kPostgres, make_export_reader(ExportDialect::kPostgres, *line.postgres_export), nullptr});
  } else if (line.postgres) {
    settings.uri = Secret::literal(*line.postgres);
    stores.push_back(
        {StoreSide::kPostgres, make_postgres_ledger_reader(settings), make_postgres_proof_reader(settings)});
  }
  if (line.mongodb_export) {
    stores.push_back({StoreSide::kMongodb, make_export_reader(ExportDialect::kMongodb, *line.mongodb_export), nullptr});
  } else if (line.mongodb) {
    settings.uri = Secret::literal(*line.mongodb);
    stores.push_back({StoreSide::kMongodb, make_mongodb_ledger_reader(settings), make_mongodb_proof_reader(settings)});
  }
  std::erase_if(stores, [&line](const StoreToVerify& store) { return !is_wanted(line, store.side); });
}

int refuse(std::string_view words) {
  std::cerr << "twinlog: " << words << "\n";
  return kVerifyInput;
}

}  // namespace

int run_verify_command(const VerifyLine& line, const ConfigFile& config) {
  const SystemClock clock;
  const OperatorIo io = own_io(clock);
  if (line.options.proof) {
    return run_verify_proof(line.options, io);
  }
  if ((line.postgres && line.postgres_export) || (line.mongodb && line.mongodb_export)) {
    return refuse("a store is either read itself or from its export");
  }
  std::vector<StoreToVerify> stores;
  if (names_a_source(line)) {
    add_named(line, stores);
  } else {
    const auto loaded = load_or_explain(config.path, process_environment(), std::cerr);
    if (!loaded) {
      return kExitConfiguration;
    }
    add_configured(loaded->settings, line, stores);
  }
  if (stores.empty()) {
    return refuse("no store is left to be read: see --store");
  }
  return run_verify(line.options, stores, io);
}

}  // namespace twinlog
