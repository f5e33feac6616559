// A fake document store for what the real ones at hand cannot be made to do: write concern errors, error codes, replies
// lost for good. It keeps nothing, says yes to every write and finds nothing, unless its script says otherwise. It
// shows how we react to what is scripted, not what a server does.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/mongodb/wire.h"

namespace twinlog::testing {

class ScriptedPeer {
 public:
  /// Writes of more documents than this come in several commands.
  explicit ScriptedPeer(int most_writes_a_command = 100'000);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  std::uint16_t port() const { return port_; }
  /// The next command of this kind ("insert auth_logs", "find twinlog_meta", ...) is answered with this JSON; several
  /// for one kind are used in order.
  void answer(const std::string& command, const std::string& json);
  /// ... is read, and the connection closed without an answer.
  void drop(const std::string& command);
  /// Finds of twinlog_meta say that the schema is current.
  void answer_current_schema(int finds);
  std::size_t count(const std::string& command) const;
  /// The bytes of the last command of this kind; "" when there was none.
  std::string last(const std::string& command) const;

 private:
  struct Action {
    bool drops = false;
    std::string json;
  };
  void serve();
  void serve_connection(const Socket& client);
  Action next_action(const std::string& command, const Frame& request);
  std::string answer_to(const Frame& request, const std::string& json) const;

  int most_writes_a_command_;
  Socket listening_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Action>> script_;
  std::map<std::string, std::size_t> counts_;
  std::map<std::string, std::string> last_;
  int current_ = -1;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace twinlog::testing
