// A proxy before a real document store that cuts the connection at a command counted from now: before the server sees
// it, or after the server did it, when only the reply is lost. Or it holds a command while a test lets others go first,
// or refuses documents in the server's stead.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/mongodb/refusal.h"
#include "tests/mongodb/wire.h"

namespace twinlog::testing {

enum class Cut : std::uint8_t { kBeforeServer, kReplyLost };

/// Serves one connection after the other; a client that reconnects is served again.
class CuttingProxy {
 public:
  explicit CuttingProxy(std::uint16_t server_port);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::uint16_t port() const { return port_; }
  /// Cuts at the `number`-th command from now (1: the next one), once. Handshakes and pings are not counted.
  void cut_at(unsigned number, Cut cut);
  /// Forgets a cut that has not come.
  void cut_never();
  bool has_cut() const;
  /// Does `what` before the next command of this kind ("insert auth_logs", ...) goes on to the server, once, on the
  /// proxy's thread.
  void before(const std::string& command, std::function<void()> what);
  /// Of every such command from now on.
  void refuse(Refusal refusal);
  void refuse_nothing();
  /// "insert auth_logs", "find account_lockouts", ... since the last clear.
  std::vector<std::string> commands() const;
  void clear_commands();

 private:
  void serve();
  void serve_connection(const Socket& client);
  /// What to do with this command.
  std::optional<Cut> count(const Frame& frame);
  std::function<void()> take_hook(const Frame& frame);
  std::optional<Frame> reply_to(const Frame& request, const Socket& server);
  void set_current(int fd);

  std::uint16_t server_port_;
  Socket listening_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  unsigned commands_until_cut_ = 0;
  Cut cut_ = Cut::kBeforeServer;
  bool has_cut_ = false;
  bool is_ending_ = false;
  int current_ = -1;
  std::vector<std::string> commands_;
  std::map<std::string, std::function<void()>> hooks_;
  std::map<std::string, Refusal> refusals_;  ///< By command.
  std::thread thread_;
};

}  // namespace twinlog::testing
