// From the settings of a store to the options of libpq, one set per host.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "plugins/api/store.h"

namespace twinlog::postgres {

/// keyword -> value, as libpq names them.
using ConnectOptions = std::map<std::string, std::string>;

/// Where a session can be sought.
struct ConnectPlan {
  std::vector<ConnectOptions> hosts;  ///< In the order of trying; at least one.
  /// connect_timeout of the address, at least libpq's own 2 s and at most kConnectTimeoutMost.
  std::optional<std::chrono::milliseconds> limit;
};
inline constexpr std::chrono::seconds kConnectTimeoutMost{60};

/// The options for each host of stores.postgres.uri. Address and password are read anew at every call. What the address
/// leaves open gets the agent's defaults: time-outs, keep-alives, application_name. Hosts are taken apart here because
/// libpq keeps no time-out of its own per host when it connects without blocking. kHold where the address cannot be
/// read or is none; the words never quote it.
StoreResult<ConnectPlan> connect_plan(const StoreSettings& settings);

/// Whether libpq takes `host` as the folder of a Unix socket, or the name of an abstract one.
bool is_socket_folder(std::string_view host);

}  // namespace twinlog::postgres
