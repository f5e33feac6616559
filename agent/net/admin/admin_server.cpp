#include "agent/net/admin/admin_server.h"

#include <utility>

#include "agent/net/admin/admin_session.h"
#include "agent/net/loop/listener.h"
#include "agent/net/loop/session_loop.h"

namespace twinlog {
namespace {

// 64 connections can hold a header and a page each long before this is used up.
constexpr std::size_t kBuffered = 64U << 20U;
constexpr std::chrono::milliseconds kStopGrace{1000};
constexpr unsigned kOwnerOnly = 0600;

class Server final : public AdminServer {
 public:
  Server(const AdminLimits& limits, const char* thread)
      : limits_(limits),
        loop_({.connections = limits.connections,
               .buffered = kBuffered,
               .unfinished = limits.request,
               .first = limits.request,
               .thread = thread}) {}

  Status open(Result<Listener> listener, AdminPages& pages, AdminCommands* commands) {
    if (!listener) {
      return listener.error();
    }
    address_ = listener->address;
    const auto open = [this, &pages, commands](SessionLoop& loop, Descriptor connection) {
      return std::make_shared<AdminSession>(
          loop, AdminSession::Behind{pages, commands, counters_, limits_.connection_age}, std::move(connection));
    };
    Status added = loop_.add_listener(*std::move(listener), loop_.add_crowd(0), open);
    if (added) {
      loop_.start();
    }
    return added;
  }

  void stop() override { loop_.stop(kStopGrace); }
  std::string address() const override { return address_; }
  const AdminCounters& counters() const override { return counters_; }

 private:
  const AdminLimits limits_;
  AdminCounters counters_;  // The loop's sessions count in it.
  SessionLoop loop_;
  std::string address_;
};

Result<std::unique_ptr<AdminServer>> start(Result<Listener> listener, AdminPages& pages, AdminCommands* commands,
                                           const AdminLimits& limits) {
  auto server = std::make_unique<Server>(limits, commands == nullptr ? "admin-port" : "admin-socket");
  if (const Status opened = server->open(std::move(listener), pages, commands); !opened) {
    return opened.error();
  }
  return std::unique_ptr<AdminServer>(std::move(server));
}

}  // namespace

Result<std::unique_ptr<AdminServer>> start_admin_server(const std::string& listen, AdminPages& pages,
                                                        const AdminLimits& limits) {
  return start(listen_tcp(listen), pages, nullptr, limits);
}

Result<std::unique_ptr<AdminServer>> start_admin_socket(const std::string& path, AdminPages& pages,
                                                        AdminCommands& commands, const AdminLimits& limits) {
  return start(listen_unix(path, kOwnerOnly, "admin.socket"), pages, &commands, limits);
}

}  // namespace twinlog
