// A fake of the agent's Unix socket: one script per connection, for what a real agent does only in trouble (busy, a cut
// connection, slow or odd answers).
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace twinlog::testing {

/// The fake's end of one connection. Blocking.
class FakePeer {
 public:
  explicit FakePeer(int fd) : fd_(fd) {}
  ~FakePeer() { (void)::close(fd_); }
  FakePeer(const FakePeer&) = delete;
  FakePeer& operator=(const FakePeer&) = delete;

  /// The next line without its LF; none at the end of the connection.
  std::optional<std::string> line() {
    while (unread_.find('\n') == std::string::npos) {
      char bytes[4096];
      const ssize_t count = ::recv(fd_, bytes, sizeof(bytes), 0);
      if (count <= 0) {
        return std::nullopt;
      }
      unread_.append(bytes, static_cast<std::size_t>(count));
    }
    const std::size_t end = unread_.find('\n');
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return line;
  }
  /// Whether more has come than line() gave out.
  bool has_more() const {
    char byte = 0;
    return !unread_.empty() || ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  void answer(const std::string& text) {
    const std::string bytes = text + "\n";
    (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void stored() { answer(R"({"status":"stored","tenant_id":"t","log_id":"l"})"); }
  void busy(int milliseconds) { answer(R"({"status":"busy","retry_after_ms":)" + std::to_string(milliseconds) + "}"); }
  /// `stored` to every line until the sender closes.
  void stored_to_all() {
    while (line()) {
      stored();
    }
  }

 private:
  int fd_;
  std::string unread_;
};

/// Listens in a temporary folder; every script serves one connection, in order, on one thread. After the last one the
/// socket is closed, so that further connects are refused.
class FakeAgent {
 public:
  using Script = std::function<void(FakePeer&)>;

  explicit FakeAgent(std::vector<Script> scripts) {
    char folder[] = "/tmp/twinlog_send_XXXXXX";
    if (::mkdtemp(folder) == nullptr) {
      std::abort();
    }
    folder_ = folder;
    path_ = folder_ + "/events.sock";
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_, 8) != 0) {
      std::abort();
    }
    thread_ = std::jthread([this, mine = std::move(scripts)] { serve(mine); });
  }
  ~FakeAgent() {
    (void)::shutdown(listener_, SHUT_RDWR);  // Wakes an accept() that nobody will come for.
    thread_.join();
    (void)::close(listener_);
    (void)::unlink(path_.c_str());
    (void)::rmdir(folder_.c_str());
  }
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  const std::string& path() const { return path_; }

 private:
  void serve(const std::vector<Script>& scripts) const {
    for (const Script& script : scripts) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) {
        return;
      }
      FakePeer peer(fd);
      script(peer);
    }
    (void)::shutdown(listener_, SHUT_RDWR);
  }

  std::string folder_;
  std::string path_;
  int listener_ = -1;
  std::jthread thread_;
};

}  // namespace twinlog::testing
