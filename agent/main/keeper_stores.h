// The stores by the logins that may erase, prune and retire.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/keeper/keeping.h"
#include "config/settings.h"

namespace twinlog {

/// The keys of addresses that are not set and needed, in words; "" where all are there.
std::string missing_keeper_addresses(const Settings& settings);

/// Of the stores that are turned on. Not connected yet.
std::unique_ptr<StoreKeeper> make_keeper_of_postgres(const Settings& settings);
std::unique_ptr<StoreKeeper> make_keeper_of_mongodb(const Settings& settings);
std::vector<KeptStore> make_kept_stores(const Settings& settings);

}  // namespace twinlog
