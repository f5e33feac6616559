#include "tests/net/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

namespace twinlog::testing {
namespace {

bool is_ready(int socket, short what, std::chrono::milliseconds patience) {
  pollfd waiting{socket, what, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

int connected(int family, const sockaddr* address, socklen_t size) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, address, size) == 0) {
    return socket;
  }
  ::close(socket);
  return -1;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

}  // namespace

Client Client::to_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof(address.sun_path) - 1));
  return Client(connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
}

Client Client::to_tcp(const std::string& host_port) {
  sockaddr_in address{};
  const std::size_t colon = host_port.rfind(':');
  if (colon == std::string::npos) {
    return Client(-1);
  }
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(host_port.substr(colon + 1))));
  ::inet_pton(AF_INET, host_port.substr(0, colon).c_str(), &address.sin_addr);
  return Client(connected(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

Client::~Client() {
  close();
}

void Client::close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
  }
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!is_ready(socket_, POLLOUT, kPatience)) {
      return false;
    }
    const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  return true;
}

std::size_t Client::send_until_blocked(std::string_view bytes, std::chrono::milliseconds quiet, std::size_t most) {
  std::size_t total = 0;
  while (total < most && is_ready(socket_, POLLOUT, quiet)) {
    const std::string_view rest = bytes.substr(repeated_ % bytes.size());
    const ssize_t size = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN) {
      break;
    }
    total += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    repeated_ += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
  }
  return total;
}

void Client::half_close() {
  ::shutdown(socket_, SHUT_WR);
}

bool Client::read_more() {
  char chunk[65536];
  if (!is_ready(socket_, POLLIN, kPatience)) {
    return false;
  }
  const ssize_t size = ::recv(socket_, chunk, sizeof(chunk), 0);
  if (size <= 0) {
    return false;
  }
  buffer_.append(chunk, static_cast<std::size_t>(size));
  return true;
}

std::optional<std::string> Client::read_line() {
  std::size_t end = buffer_.find('\n');
  while (end == std::string::npos) {
    if (!read_more()) {
      return std::nullopt;
    }
    end = buffer_.find('\n');
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

std::vector<std::string> Client::read_lines(std::size_t count) {
  std::vector<std::string> lines;
  while (lines.size() < count) {
    auto line = read_line();
    if (!line) {
      break;
    }
    lines.push_back(*std::move(line));
  }
  return lines;
}

bool Client::is_at_end() {
  char byte = 0;
  if (!buffer_.empty() || !is_ready(socket_, POLLIN, kPatience)) {
    return false;
  }
  return ::recv(socket_, &byte, 1, MSG_PEEK) <= 0;
}

std::string Client::read_all() {
  while (read_more()) {
  }
  return std::exchange(buffer_, {});
}

HttpReply Client::read_reply(bool has_body) {
  HttpReply reply;
  const auto status_line = read_line();
  if (!status_line || status_line->size() < 12) {
    return reply;
  }
  reply.status = std::stoi(status_line->substr(9, 3));
  for (auto line = read_line(); line && *line != "\r"; line = read_line()) {
    const std::size_t colon = line->find(": ");
    reply.fields[lower(line->substr(0, colon))] = line->substr(colon + 2, line->size() - colon - 3);
  }
  const auto length = reply.fields.find("content-length");
  const std::size_t size = has_body && length != reply.fields.end() ? std::stoul(length->second) : 0;
  while (buffer_.size() < size && read_more()) {
  }
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

}  // namespace twinlog::testing
