// One connection to the admin endpoint: GET and HEAD, no bodies, answered at once from AdminPages. On the admin socket
// also its commands.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/net/admin/admin_server.h"
#include "agent/net/http/http_codec.h"
#include "agent/net/loop/stream_session.h"

namespace twinlog {

class AdminSession final : public StreamSession {
 public:
  /// What stands behind the connection.
  struct Behind {
    AdminPages& pages;
    AdminCommands* commands = nullptr;  ///< Null on the public port.
    AdminCounters& counters;
    std::chrono::milliseconds age;  ///< AdminLimits::connection_age.
  };

  AdminSession(SessionLoop& loop, const Behind& behind, Descriptor connection);

 protected:
  std::size_t consume(std::string_view bytes) override;
  /// A page is fetched only once the one before it has left.
  bool wants_input() const override { return unsent_bytes() == 0; }
  bool has_outstanding() const override { return false; }
  bool holds_part() const override { return reader_.has_begun(); }
  std::size_t held_bytes() const override { return reader_.held_bytes(); }
  bool limits_unread_answers() const override { return true; }
  bool limits_idling() const override { return true; }
  bool limits_first_request() const override { return true; }
  bool yields() const override { return true; }
  void on_received(std::size_t /*bytes*/) override {}
  void on_cut() override {}
  void on_closed() override {}

 private:
  HttpResponse respond(const HttpRequest& request);
  void answer(const HttpRequest& request);
  void refuse(unsigned status, std::string_view reason);

  const Behind behind_;
  const Time closes_from_;
  HttpRequestReader reader_;
};

}  // namespace twinlog
