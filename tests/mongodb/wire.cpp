#include "tests/mongodb/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace twinlog::testing {
namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kFirstFieldOfMsg = kHeaderBytes + 4 + 1 + 4;  // Flags, section kind 0, document length.
constexpr char kString = 2;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool read_exactly(int fd, char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(fd, data, size, 0);
    if (got <= 0) {
      return false;
    }
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

std::int32_t Frame::number_at(std::size_t offset) const {
  std::int32_t value = 0;
  if (offset + sizeof value <= bytes.size()) {
    std::memcpy(&value, bytes.data() + offset, sizeof value);
  }
  return value;
}

std::string Frame::command() const {
  if (opcode() != kOpMsg || bytes.size() <= kFirstFieldOfMsg + 1) {
    return "";
  }
  return bytes.c_str() + kFirstFieldOfMsg + 1;
}

std::string Frame::target() const {
  const std::string name = command();
  const std::size_t value = kFirstFieldOfMsg + 1 + name.size() + 1;
  if (name.empty() || bytes[kFirstFieldOfMsg] != kString || value + 4 >= bytes.size()) {
    return "";
  }
  return bytes.c_str() + value + 4;
}

Socket::~Socket() {
  close();
}
Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Socket::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

void Socket::shut_down() const {
  ::shutdown(fd_, SHUT_RDWR);
}

std::optional<Frame> Socket::read_frame() const {
  Frame frame;
  frame.bytes.resize(kHeaderBytes);
  if (!read_exactly(fd_, frame.bytes.data(), kHeaderBytes)) {
    return std::nullopt;
  }
  const auto size = static_cast<std::size_t>(frame.number_at(0));
  frame.bytes.resize(size);
  if (size < kHeaderBytes || !read_exactly(fd_, frame.bytes.data() + kHeaderBytes, size - kHeaderBytes)) {
    return std::nullopt;
  }
  return frame;
}

bool Socket::write(const std::string& bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t sent = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

Socket Socket::listening() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(0);
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.fd(), 16) != 0) {
    socket.close();
  }
  return socket;
}

Socket Socket::connected_to(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    socket.close();
  }
  return socket;
}

std::uint16_t Socket::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Socket Socket::accept() const {
  Socket socket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void put_number(std::string& out, std::int32_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_number(std::string& out, std::int64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace twinlog::testing
