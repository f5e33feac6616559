#include "tests/mongodb/scripted_peer.h"

#include <bson/bson.h>
#include <sys/socket.h>

#include <cstdlib>
#include <utility>

namespace twinlog::testing {
namespace {

constexpr std::size_t kHeaderBytes = 16;

/// Documents in the sequences of an OP_MSG (section kind 1): the driver sends all writes so.
int documents_in(const Frame& request) {
  std::size_t at = kHeaderBytes + 4;
  int documents = 0;
  while (at < request.bytes.size()) {
    const char kind = request.bytes[at++];
    const std::size_t end = at + static_cast<std::size_t>(request.number_at(at));
    if (kind == 1) {
      at += 4 + std::string(request.bytes.c_str() + at + 4).size() + 1;
      while (at < end) {
        at += static_cast<std::size_t>(request.number_at(at));
        ++documents;
      }
    }
    at = end;
  }
  return documents;
}

std::string default_answer(const Frame& request, int most_writes) {
  const std::string command = request.command();
  if (command == "insert" || command == "update") {
    const std::string n = std::to_string(documents_in(request));
    return R"({"ok":1,"n":)" + n + R"(,"nModified":)" + n + "}";
  }
  if (command == "find" || command == "aggregate" || command == "listIndexes") {
    return R"({"ok":1,"cursor":{"id":{"$numberLong":"0"},"ns":"db.)" + request.target() + R"(","firstBatch":[]}})";
  }
  return R"({"ok":1,"ismaster":true,"minWireVersion":0,"maxWireVersion":13,"maxBsonObjectSize":16777216,)"
         R"("maxMessageSizeBytes":48000000,"maxWriteBatchSize":)" +
         std::to_string(most_writes) + "}";
}

std::string bson_bytes(const std::string& json) {
  bson_error_t error;
  bson_t* bson =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
  if (bson == nullptr) {
    std::abort();  // A mistake in the script.
  }
  std::string bytes(reinterpret_cast<const char*>(bson_get_data(bson)), bson->len);
  bson_destroy(bson);
  return bytes;
}

}  // namespace

ScriptedPeer::ScriptedPeer(int most_writes_a_command)
    : most_writes_a_command_(most_writes_a_command),
      listening_(Socket::listening()),
      port_(listening_.port()),
      thread_([this] { serve(); }) {}

ScriptedPeer::~ScriptedPeer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    if (current_ >= 0) {
      ::shutdown(current_, SHUT_RDWR);
    }
  }
  listening_.shut_down();
  thread_.join();
}

void ScriptedPeer::answer(const std::string& command, const std::string& json) {
  const std::lock_guard lock(mutex_);
  script_[command].push_back({.drops = false, .json = json});
}

void ScriptedPeer::drop(const std::string& command) {
  const std::lock_guard lock(mutex_);
  script_[command].push_back({.drops = true, .json = ""});
}

void ScriptedPeer::answer_current_schema(int finds) {
  for (int i = 0; i < finds; ++i) {
    answer("find twinlog_meta", R"({"ok":1,"cursor":{"id":{"$numberLong":"0"},"ns":"db.twinlog_meta",)"
                                R"("firstBatch":[{"_id":"schema","version":3,"folding_unicode":"14.0.0"}]}})");
  }
}

std::size_t ScriptedPeer::count(const std::string& command) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(command);
  return found == counts_.end() ? 0 : found->second;
}

void ScriptedPeer::serve() {
  while (true) {
    const Socket client = listening_.accept();
    if (!client.is_open()) {
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      current_ = client.fd();
      if (is_ending_) {
        return;
      }
    }
    serve_connection(client);
    const std::lock_guard lock(mutex_);
    current_ = -1;
  }
}

void ScriptedPeer::serve_connection(const Socket& client) {
  while (const auto request = client.read_frame()) {
    Action action = next_action(request->command() + " " + request->target(), *request);
    if (action.drops) {
      return;
    }
    const std::string json =
        action.json.empty() ? default_answer(*request, most_writes_a_command_) : std::move(action.json);
    if (!client.write(answer_to(*request, json))) {
      return;
    }
  }
}

std::string ScriptedPeer::last(const std::string& command) const {
  const std::lock_guard lock(mutex_);
  const auto found = last_.find(command);
  return found == last_.end() ? "" : found->second;
}

ScriptedPeer::Action ScriptedPeer::next_action(const std::string& command, const Frame& request) {
  const std::lock_guard lock(mutex_);
  ++counts_[command];
  last_[command] = request.bytes;
  auto& actions = script_[command];
  if (actions.empty()) {
    return {};
  }
  Action action = std::move(actions.front());
  actions.pop_front();
  return action;
}

/// OP_MSG is answered by OP_MSG, the first handshake (OP_QUERY) by OP_REPLY.
std::string ScriptedPeer::answer_to(const Frame& request, const std::string& json) const {
  const bool is_message = request.opcode() == kOpMsg;
  std::string body;
  if (is_message) {
    put_number(body, std::int32_t{0});
    body.push_back('\0');
  } else {
    put_number(body, std::int32_t{8});  // Flags: AwaitCapable.
    put_number(body, std::int64_t{0});
    put_number(body, std::int32_t{0});
    put_number(body, std::int32_t{1});
  }
  body += bson_bytes(json);
  std::string frame;
  put_number(frame, static_cast<std::int32_t>(kHeaderBytes + body.size()));
  put_number(frame, std::int32_t{1});
  put_number(frame, request.request_id());
  put_number(frame, is_message ? kOpMsg : kOpReply);
  return frame + body;
}

}  // namespace twinlog::testing
