#include "agent/cli/http_client.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

#include "ledger/base/address.h"
#include "ledger/base/clock.h"
#include "ledger/base/descriptor.h"

namespace twinlog {
namespace {

namespace http = boost::beast::http;
using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kReadBytes = 64U << 10U;

HttpFailure system_failure(int error) {
  return {error, error == ETIMEDOUT ? "it does not answer in time" : std::generic_category().message(error)};
}

/// One connection with a deadline; every call gives 0 or an errno.
class Connection {
 public:
  Connection(int family, Time deadline)
      : deadline_(deadline), socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}

  int connect(const sockaddr* address, socklen_t size) {
    if (!socket_.is_open()) {
      return errno;
    }
    if (::connect(socket_.get(), address, size) == 0) {
      return 0;
    }
    if (errno != EINPROGRESS) {
      return errno;  // EAGAIN of a Unix socket: its backlog is full.
    }
    if (const int waited = wait_for(POLLOUT); waited != 0) {
      return waited;
    }
    int error = 0;
    socklen_t length = sizeof(error);
    return ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
  }

  int write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (const int failed = errno == EAGAIN ? wait_for(POLLOUT) : errno; failed != 0 && failed != EINTR) {
        return failed;
      }
    }
    return 0;
  }

  /// `count` is 0 at the end of the stream.
  int read_some(std::array<char, kReadBytes>& bytes, std::size_t& count) {
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (got >= 0) {
        count = static_cast<std::size_t>(got);
        return 0;
      }
      if (const int failed = errno == EAGAIN ? wait_for(POLLIN) : errno; failed != 0 && failed != EINTR) {
        return failed;
      }
    }
  }

 private:
  int wait_for(short events) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - SystemClock().steady_now());
    pollfd waiting{socket_.get(), events, 0};
    const int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    return ready > 0 ? 0 : ready == 0 ? ETIMEDOUT : errno;
  }

  Time deadline_;
  Descriptor socket_;
};

using Parser = http::response_parser<http::string_body>;

HttpAnswer answer_of(Parser& parser) {
  HttpAnswer answer;
  answer.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.fields[name] = std::string(field.value());
  }
  answer.body = std::move(parser.get().body());
  return answer;
}

/// Feeds what came; false when it is no HTTP.
bool feed(Parser& parser, std::string& unread) {
  boost::system::error_code failed;
  while (!unread.empty() && !parser.is_done() && !failed) {
    const std::size_t taken = parser.put(boost::asio::const_buffer(unread.data(), unread.size()), failed);
    unread.erase(0, taken);
    if (taken == 0 && !failed) {
      break;
    }
  }
  return !failed || failed == http::error::need_more;
}

HttpOutcome read_answer(Connection& connection) {
  const HttpFailure not_http{0, "what listens there is no twinlog agent"};
  Parser parser;
  parser.eager(true);
  parser.body_limit(kHttpAnswerBytesMost);
  std::array<char, kReadBytes> bytes{};
  std::string unread;
  while (!parser.is_done()) {
    std::size_t count = 0;
    if (const int failed = connection.read_some(bytes, count); failed != 0) {
      return system_failure(failed);
    }
    if (count == 0) {
      const bool has_begun = parser.is_header_done();  // A parser that saw nothing takes its end for the end.
      boost::system::error_code failed;
      parser.put_eof(failed);
      if (failed || !has_begun) {
        return HttpFailure{0, "it closed the connection without an answer"};
      }
      break;
    }
    unread.append(bytes.data(), count);
    if (!feed(parser, unread)) {
      return not_http;
    }
  }
  return answer_of(parser);
}

HttpOutcome exchange(Connection& connection, const HttpAsk& ask) {
  const std::string request = ask.method + " " + ask.target + " HTTP/1.1\r\nHost: twinlog\r\nConnection: close\r\n" +
                              (ask.method == "GET" ? "" : "Content-Length: 0\r\n") + "\r\n";
  if (const int failed = connection.write_all(request); failed != 0 && failed != EPIPE) {
    return system_failure(failed);
  }
  return read_answer(connection);
}

}  // namespace

HttpOutcome ask_socket(const std::string& path, const HttpAsk& ask) {
  const auto address = UnixAddress::of_path(path);
  if (!address) {
    return HttpFailure{ENAMETOOLONG, "a socket's path has 1 to 107 bytes"};
  }
  Connection connection(AF_UNIX, SystemClock().steady_now() + ask.most);
  if (const int failed = connection.connect(address->get(), address->size()); failed != 0) {
    return system_failure(failed == EAGAIN ? ETIMEDOUT : failed);
  }
  return exchange(connection, ask);
}

HttpOutcome ask_address(const std::string& host_port, const HttpAsk& ask) {
  const auto parts = split_host_port(host_port);
  const std::string host = !parts ? "" : parts->host == "localhost" ? "127.0.0.1" : parts->host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (!parts || ::getaddrinfo(host.c_str(), parts->port.c_str(), &hints, &found) != 0) {
    return HttpFailure{EINVAL, "an address is IP:PORT, for instance 127.0.0.1:9464"};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address(found, ::freeaddrinfo);
  Connection connection(address->ai_family, SystemClock().steady_now() + ask.most);
  if (const int failed = connection.connect(address->ai_addr, address->ai_addrlen); failed != 0) {
    return system_failure(failed);
  }
  return exchange(connection, ask);
}

}  // namespace twinlog
