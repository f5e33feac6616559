// A peer with plain POSIX sockets: what a sender of events or a scraper is, seen from outside. Every read waits for at
// most kPatience and then gives what is there, so that a failing test fails instead of hanging.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinlog::testing {

inline constexpr std::chrono::milliseconds kPatience{10000};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> fields;  ///< Names in lower case.
  std::string body;
};

class Client {
 public:
  /// "host:port" or a socket's path; is_connected() says whether it worked.
  static Client to_unix(const std::string& path);
  static Client to_tcp(const std::string& host_port);
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept = delete;
  ~Client();

  bool is_connected() const { return socket_ >= 0; }
  /// False when the other side takes no more.
  bool send(std::string_view bytes);
  /// Sends the same bytes over and over until the other side takes none for `quiet`, or `most` went. A further call
  /// goes on where the last one stopped, even within the bytes. Gives what went in this call.
  std::size_t send_until_blocked(std::string_view bytes, std::chrono::milliseconds quiet, std::size_t most);
  void half_close();
  void close();

  /// The next line without its LF; nothing at the end of the stream or of the patience.
  std::optional<std::string> read_line();
  std::vector<std::string> read_lines(std::size_t count);
  /// Whether the other side closed, without sending more.
  bool is_at_end();
  /// Everything until the other side closes.
  std::string read_all();
  /// One response; status 0 when there is none. `has_body` is false for the answer to HEAD.
  HttpReply read_reply(bool has_body = true);

 private:
  explicit Client(int socket) : socket_(socket) {}
  bool read_more();
  int socket_ = -1;
  std::string buffer_;
  std::size_t repeated_ = 0;
};

}  // namespace twinlog::testing
