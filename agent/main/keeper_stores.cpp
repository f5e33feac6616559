#include "agent/main/keeper_stores.h"

#include <utility>

#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

/// Its password stands in its address: that of the writer is another login's.
StoreSettings keeper_settings(const StoreSettings& store) {
  StoreSettings settings = store;
  settings.uri = store.keeper_uri;
  settings.password = Secret();
  return settings;
}

}  // namespace

std::string missing_keeper_addresses(const Settings& settings) {
  std::string missing;
  for (const auto& [store, name] : {std::pair{&settings.postgres, "stores.postgres.keeper_uri"},
                                    std::pair{&settings.mongodb, "stores.mongodb.keeper_uri"}}) {
    if (store->enabled && !store->keeper_uri.is_set()) {
      missing += (missing.empty() ? "" : " and ") + std::string(name);
    }
  }
  return missing.empty() ? ""
                         : "set " + missing + " (or keeper_uri_file): the address of a login with role twinlog_keeper";
}

std::unique_ptr<StoreKeeper> make_keeper_of_postgres(const Settings& settings) {
  return make_postgres_keeper(keeper_settings(settings.postgres));
}

std::unique_ptr<StoreKeeper> make_keeper_of_mongodb(const Settings& settings) {
  return make_mongodb_keeper(keeper_settings(settings.mongodb));
}

std::vector<KeptStore> make_kept_stores(const Settings& settings) {
  std::vector<KeptStore> stores;
  if (settings.postgres.enabled) {
    stores.push_back({"PostgreSQL", make_keeper_of_postgres(settings), GapStore::kPostgres});
  }
  if (settings.mongodb.enabled) {
    stores.push_back({"the document store", make_keeper_of_mongodb(settings), GapStore::kMongodb});
  }
  return stores;
}

}  // namespace twinlog
