// Against a real agent's server the client is shown by operator_test and the end-to-end tests; here are peers that are
// no agent: bytes over a real socket.
#include "agent/cli/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "agent/net/loop/listener.h"
#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

/// Accepts one connection, reads what comes first, says `answer`, then closes or, `stays`, waits for the other side to.
class OneAnswer {
 public:
  enum class Then { kCloses, kStays };

  OneAnswer(const std::string& path, std::string answer, Then then)
      : listener_(*listen_unix(path, 0600)), thread_([this, answer = std::move(answer), then] {
          pollfd waiting{listener_.descriptor.get(), POLLIN, 0};
          ::poll(&waiting, 1, 10'000);
          const Descriptor peer(::accept4(listener_.descriptor.get(), nullptr, nullptr, SOCK_CLOEXEC));
          char request[4096];
          EXPECT_GT(::recv(peer.get(), request, sizeof(request), 0), 0);
          ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
          while (then == Then::kStays && ::recv(peer.get(), request, sizeof(request), 0) > 0) {
          }
        }) {}
  ~OneAnswer() { thread_.join(); }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

 private:
  Listener listener_;
  std::thread thread_;
};

class HttpClient : public ::testing::Test {
 protected:
  HttpOutcome after(const std::string& answer, OneAnswer::Then then = OneAnswer::Then::kCloses) {
    const OneAnswer peer(path_, answer, then);
    return ask_socket(path_, {.target = "/x", .most = milliseconds{then == OneAnswer::Then::kStays ? 200 : 10'000}});
  }
  std::string why(const HttpOutcome& outcome) {
    const auto* failure = std::get_if<HttpFailure>(&outcome);
    return failure == nullptr ? "there was an answer" : failure->words;
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_.path("s");
};

TEST_F(HttpClient, ReadsStatusFieldsAndBodyOfEveryFraming) {
  for (const std::string body :
       {"Content-Length: 2\r\n\r\nhi", "\r\nhi", "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"}) {
    const HttpOutcome outcome = after("HTTP/1.1 503 No\r\nTwinlog-Last-Leaf: 7\r\n" + body);
    ASSERT_TRUE(std::holds_alternative<HttpAnswer>(outcome)) << body << why(outcome);
    const auto& answer = std::get<HttpAnswer>(outcome);
    EXPECT_EQ(answer.status, 503U);
    EXPECT_EQ(answer.fields.at("twinlog-last-leaf"), "7");
    EXPECT_EQ(answer.body, "hi");
  }
}

TEST_F(HttpClient, WhatIsNoHttpIsNoAgent) {
  EXPECT_THAT(why(after("SSH-2.0-OpenSSH_9.2\r\n")), HasSubstr("no twinlog agent"));
  EXPECT_THAT(why(after("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")), HasSubstr("no twinlog agent"));
}

TEST_F(HttpClient, AnAnswerThatBreaksOffIsNone) {
  for (const std::string part : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"}) {
    EXPECT_THAT(why(after(part)), HasSubstr("without an answer")) << part;
  }
}

TEST_F(HttpClient, APeerThatSaysNothingOrStopsHalfwayIsLeftInTime) {
  for (const std::string part : {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"}) {
    EXPECT_THAT(why(after(part, OneAnswer::Then::kStays)), HasSubstr("in time")) << part;
  }
}

TEST_F(HttpClient, WhyThereIsNoConnectionIsTold) {
  EXPECT_EQ(std::get<HttpFailure>(ask_socket(path_, {})).error, ENOENT);
  EXPECT_EQ(std::get<HttpFailure>(ask_socket("/" + std::string(107, 'x'), {})).error, ENAMETOOLONG);
  EXPECT_EQ(std::get<HttpFailure>(ask_socket("", {})).error, ENAMETOOLONG);
  EXPECT_EQ(std::get<HttpFailure>(ask_address("127.0.0.1:1", {})).error, ECONNREFUSED);
  EXPECT_EQ(std::get<HttpFailure>(ask_address("localhost:1", {})).error, ECONNREFUSED);
  EXPECT_EQ(std::get<HttpFailure>(ask_address("[::1]:1", {})).error, ECONNREFUSED);
  for (const std::string address : {"", "nonsense", "example.org:80", "127.0.0.1:http", ":"}) {
    EXPECT_EQ(std::get<HttpFailure>(ask_address(address, {})).error, EINVAL) << address;
  }
}

}  // namespace
}  // namespace twinlog
