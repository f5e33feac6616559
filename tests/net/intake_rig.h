// A running intake in a folder of its own, with a scripted front door behind it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/net/intake/intake_server.h"
#include "tests/net/client.h"
#include "tests/net/fake_intake.h"

namespace twinlog::testing {

/// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, std::string_view content) const;

 private:
  std::string path_;
};

/// Waits for something that another thread brings about; false when it does not come.
bool eventually(const std::function<bool()>& condition);

/// Draws the shortest time of every busy answer.
class Zeros final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override { std::fill(bytes.begin(), bytes.end(), std::uint8_t{0}); }
};

/// Settings and limits may be changed before start().
class IntakeRig {
 public:
  IntakeRig();
  Status start(const std::vector<int>& activated = {});
  Client connect() const { return Client::to_unix(settings.unix_socket.path); }
  Client connect_http() const { return Client::to_tcp(server->http_address()); }
  const IntakeCounters::PerTransport& counted(Transport transport) const {
    return counters.transports[static_cast<std::size_t>(transport)];
  }
  const IntakeCounters::PerTransport& lines() const { return counted(Transport::kUnix); }
  const IntakeCounters::PerTransport& http() const { return counted(Transport::kHttp); }

  TemporaryFolder folder;
  IntakeSettings settings;
  IntakeLimits limits;
  FakeIntake intake;
  IntakeCounters counters;
  Zeros random;
  std::unique_ptr<IntakeServer> server;
};

/// A small valid event as one line of JSON, without a line end.
std::string event(const std::string& log_id);
/// An event of about so many bytes.
std::string big_event(const std::string& log_id, std::size_t bytes);
/// What the socket answers when it was stored (or "duplicate", ...).
std::string answer(const std::string& status, const std::string& log_id);
/// A whole request to /v1/events.
std::string post(std::string_view body, std::string_view content_type = "application/json",
                 std::string_view more_fields = "");

}  // namespace twinlog::testing
