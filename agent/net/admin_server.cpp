#include "agent/net/admin_server.h"

#include <utility>

#include "agent/net/admin_session.h"
#include "agent/net/listener.h"
#include "agent/net/session_loop.h"

namespace twinlog {
namespace {

// 64 connections can hold a header and a page each long before this is used up.
constexpr std::size_t kBuffered = 64U << 20U;
constexpr std::chrono::milliseconds kStopGrace{1000};

class Server final : public AdminServer {
 public:
  explicit Server(const AdminLimits& limits) : loop_({limits.connections, kBuffered, limits.request}) {}

  Status open(const std::string& listen, AdminPages& pages) {
    auto listener = listen_tcp(listen);
    if (!listener) {
      return listener.error();
    }
    address_ = listener->address;
    const Status added = loop_.add_listener(*std::move(listener), [&pages](SessionLoop& loop, Descriptor connection) {
      return std::make_shared<AdminSession>(loop, pages, std::move(connection));
    });
    if (added) {
      loop_.start();
    }
    return added;
  }

  void stop() override { loop_.stop(kStopGrace); }
  std::string address() const override { return address_; }

 private:
  SessionLoop loop_;
  std::string address_;
};

}  // namespace

Result<std::unique_ptr<AdminServer>> start_admin_server(const std::string& listen, AdminPages& pages,
                                                        const AdminLimits& limits) {
  auto server = std::make_unique<Server>(limits);
  if (const Status opened = server->open(listen, pages); !opened) {
    return opened.error();
  }
  return std::unique_ptr<AdminServer>(std::move(server));
}

}  // namespace twinlog
