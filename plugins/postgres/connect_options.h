// From the settings of a store to the options of libpq, one set per host.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "plugins/api/store.h"

namespace twinlog::postgres {

/// keyword -> value, as libpq names them.
using ConnectOptions = std::map<std::string, std::string>;

/// The options for each host of stores.postgres.uri, in order. Address and password are read anew at every call. What
/// the address leaves open gets the agent's defaults: time-outs, keep-alives, application_name. Hosts are taken apart
/// here because libpq keeps no time-out of its own per host when it connects without blocking. kHold where the address
/// cannot be read or is none; the words never quote it.
StoreResult<std::vector<ConnectOptions>> connect_options(const StoreSettings& settings);

}  // namespace twinlog::postgres
