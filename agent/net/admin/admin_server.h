// The admin endpoint (docs/OPERATING.md): GET only, at most 64 connections, 5 s a request, on a thread of its own. And
// the admin socket, which serves the same pages and takes commands, on another thread: whoever crowds the public port
// holds no command up.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/net/http/status_counters.h"
#include "ledger/base/result.h"

namespace twinlog {

struct AdminPage {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields = {};
};

/// What stands behind the port. Called on the thread of each server that shows it, so by several at once; must not
/// block.
class AdminPages {
 public:
  virtual ~AdminPages() = default;
  /// The page of a path ("/livez"); status 404 for one that is not there.
  virtual AdminPage page(std::string_view path) = 0;
};

/// What the admin socket serves beside the pages. Called on its thread; must not block for long.
class AdminCommands {
 public:
  virtual ~AdminCommands() = default;
  /// The method that a path wants ("GET", "POST"); "" when it is none of its own.
  virtual std::string_view method_of(std::string_view path) const = 0;
  /// `query` is what follows the "?". Only for paths of its own, asked in their method.
  virtual AdminPage run(std::string_view path, std::string_view query) = 0;
};

/// Every status that an admin server answers with.
inline constexpr auto kAdminStatuses = std::to_array<unsigned>({200, 400, 404, 405, 413, 431, 500, 503});

/// Answered requests.
using AdminCounters = StatusCounters<kAdminStatuses>;

class AdminServer {
 public:
  virtual ~AdminServer() = default;
  virtual void stop() = 0;                  ///< May be called twice.
  virtual std::string address() const = 0;  ///< "host:port" with the real port, or the socket's path.
  virtual const AdminCounters& counters() const = 0;
};

struct AdminLimits {
  /// Where all are taken, the one that has been silent longest is closed for a new one.
  std::size_t connections = 64;
  /// A request must be complete and its answer read in this time; a connection may idle as long.
  std::chrono::milliseconds request = std::chrono::seconds{5};
  /// Answers on a connection older than this close it: polite clients, too, leave room for others.
  std::chrono::milliseconds connection_age = std::chrono::seconds{30};
};

/// Listens on "host:port" on a thread of its own. kRefused names the address and what is wrong with it.
Result<std::unique_ptr<AdminServer>> start_admin_server(const std::string& listen, AdminPages& pages,
                                                        const AdminLimits& limits = {});

/// Listens on a socket file of mode 0600 on a thread of its own. kRefused names the path and what is wrong with it.
Result<std::unique_ptr<AdminServer>> start_admin_socket(const std::string& path, AdminPages& pages,
                                                        AdminCommands& commands, const AdminLimits& limits = {});

}  // namespace twinlog
