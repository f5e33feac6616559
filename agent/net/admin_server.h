// The admin endpoint (contract section 9): GET only, at most 64 connections, 5 s a request, on a thread of its own.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace twinlog {

struct AdminPage {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// What stands behind the port. Called on the admin thread; must not block.
class AdminPages {
 public:
  virtual ~AdminPages() = default;
  /// The page of a path ("/livez"); status 404 for one that is not there.
  virtual AdminPage page(std::string_view path) = 0;
};

class AdminServer {
 public:
  virtual ~AdminServer() = default;
  virtual void stop() = 0;                  ///< May be called twice.
  virtual std::string address() const = 0;  ///< "host:port" with the real port.
};

struct AdminLimits {
  std::size_t connections = 64;  ///< More wait in the kernel's backlog until one closes.
  /// A request must be complete and its answer read in this time; a connection may idle as long.
  std::chrono::milliseconds request = std::chrono::seconds{5};
};

/// Listens on "host:port" on a thread of its own. kRefused names the address and what is wrong with it.
Result<std::unique_ptr<AdminServer>> start_admin_server(const std::string& listen, AdminPages& pages,
                                                        const AdminLimits& limits = {});

}  // namespace twinlog
