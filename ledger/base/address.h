// Addresses as people write them: "host:port", "[v6]:port", "unix:/path", and the path of a Unix socket.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

inline constexpr std::string_view kUnixPrefix = "unix:";

/// The path of "unix:/path"; "" for anything else.
std::string_view unix_path_of(std::string_view listen);

struct HostPort {
  std::string host;  ///< Without brackets; may be empty.
  std::string port;  ///< Never empty; not looked at.
  bool has_brackets = false;
};

/// Of "host:port" or "[v6]:port". Nothing where there is no port.
std::optional<HostPort> split_host_port(std::string_view text);

/// Where a Unix socket lies, for bind(), connect() and sendto().
class UnixAddress {
 public:
  static constexpr std::size_t kBytesMost = sizeof(sockaddr_un::sun_path) - 1;

  /// Of a path; nothing when it is empty, over 107 bytes or holds a NUL.
  static std::optional<UnixAddress> of_path(std::string_view path);
  /// Of an abstract name, without the NUL that it begins with; nothing when it is over 106 bytes.
  static std::optional<UnixAddress> of_abstract(std::string_view name);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return size_; }

 private:
  UnixAddress(std::size_t at, std::string_view text);
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

}  // namespace twinlog
