// Just enough of the MongoDB wire protocol to cut connections and to answer by script: message frames on a blocking
// socket of this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace twinlog::testing {

inline constexpr std::int32_t kOpReply = 1;
inline constexpr std::int32_t kOpQuery = 2004;
inline constexpr std::int32_t kOpMsg = 2013;

/// One message with its 16 bytes of header.
struct Frame {
  std::string bytes;
  std::int32_t number_at(std::size_t offset) const;
  std::int32_t request_id() const { return number_at(4); }
  std::int32_t opcode() const { return number_at(12); }
  /// The name of an OP_MSG's command; "" for other messages.
  std::string command() const;
  /// The value of that first field, the collection for most commands; "" when it is no string.
  std::string target() const;
};

/// A socket that closes itself.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close();
  /// Wakes a thread that is blocked on it.
  void shut_down() const;
  /// Nothing when the peer closed.
  std::optional<Frame> read_frame() const;
  bool write(const std::string& bytes) const;

  static Socket listening();  ///< On a free port of 127.0.0.1.
  static Socket connected_to(std::uint16_t port);
  std::uint16_t port() const;
  Socket accept() const;

 private:
  int fd_;
};

/// Appends a little-endian number, as all of this protocol's are.
void put_number(std::string& out, std::int32_t value);
void put_number(std::string& out, std::int64_t value);

}  // namespace twinlog::testing
