// Socket activation: the listening sockets that a service manager opened for us.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace twinlog {

/// The descriptors of sd_listen_fds(3), made close-on-exec, where LISTEN_PID of `environment` is this process. Anything
/// malformed counts as none.
std::vector<int> activated_sockets(const std::map<std::string, std::string>& environment);

}  // namespace twinlog
