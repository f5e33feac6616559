#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/net/admin_server.h"
#include "tests/net/client.h"
#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using testing::Client;
using ::testing::HasSubstr;
using testing::HttpReply;

class TwoPages final : public AdminPages {
 public:
  AdminPage page(std::string_view path) override {
    if (path == "/livez") {
      return {200, "text/plain; charset=utf-8", "ok\n"};
    }
    return {404, "text/plain; charset=utf-8", "no such page\n"};
  }
};

class Admin : public ::testing::Test {
 protected:
  void start(const AdminLimits& limits = {}) {
    auto started = start_admin_server("127.0.0.1:0", pages_, limits);
    ASSERT_TRUE(started);
    server_ = *std::move(started);
  }
  Client connect() const { return Client::to_tcp(server_->address()); }
  HttpReply ask(const std::string& request, bool has_body = true) const {
    Client client = connect();
    client.send(request);
    return client.read_reply(has_body);
  }

  TwoPages pages_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(Admin, GetAndHeadGiveThePageOfThePathWithoutItsQuery) {
  start();
  const HttpReply page = ask("GET /livez?verbose HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "ok\n");
  EXPECT_EQ(page.fields.at("cache-control"), "no-store");
  EXPECT_EQ(page.fields.at("content-type"), "text/plain; charset=utf-8");
  const HttpReply head = ask("HEAD /livez HTTP/1.1\r\nHost: h\r\n\r\n", false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.fields.at("content-length"), "3");
  EXPECT_EQ(ask("GET /none HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
}

TEST_F(Admin, OtherMethodsAre405BodiesAre413GiantHeadersAre431) {
  start();
  const HttpReply other = ask("POST /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.fields.at("allow"), "GET, HEAD");
  EXPECT_EQ(ask("POST /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx").status, 413);
  EXPECT_EQ(ask("GET /livez HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").status, 413);
  EXPECT_EQ(ask("GET /livez HTTP/1.1\r\nX: " + std::string(8200, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(ask("what?\r\n\r\n").status, 400);
}

class TwoCommands final : public AdminCommands {
 public:
  std::string_view method_of(std::string_view path) const override {
    return path == "/do" ? "POST" : path == "/look" ? "GET" : "";
  }
  AdminPage run(std::string_view path, std::string_view query) override {
    return {.body = std::string(path) + "?" + std::string(query), .fields = {{"Next", "7"}}};
  }
};

TEST_F(Admin, TheSocketServesPagesAndCommandsEachInItsMethod) {
  const testing::TempFolder folder;
  TwoCommands commands;
  const auto started = start_admin_socket(folder.path("s"), pages_, commands);
  ASSERT_TRUE(started);
  const auto reply = [&](const std::string& line) {
    Client client = Client::to_unix(folder.path("s"));
    client.send(line + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    return client.read_reply();
  };
  EXPECT_EQ(reply("POST /do").body, "/do?");
  EXPECT_EQ(reply("GET /look?a=1&b=2?").body, "/look?a=1&b=2?");
  EXPECT_EQ(reply("GET /look").fields.at("next"), "7");
  EXPECT_EQ(reply("GET /livez").body, "ok\n");
  EXPECT_EQ(reply("GET /none").status, 404);
  EXPECT_EQ(reply("GET /do").status, 405);
  EXPECT_EQ(reply("GET /do").fields.at("allow"), "POST");
  EXPECT_EQ(reply("POST /look").fields.at("allow"), "GET, HEAD");
  EXPECT_EQ(reply("POST /livez").fields.at("allow"), "GET, HEAD");
}

TEST_F(Admin, AConnectionIsKeptBetweenRequests) {
  start();
  Client client = connect();
  const std::string get = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_TRUE(client.send(get + get + get));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.read_reply().body, "ok\n");
  }
}

TEST_F(Admin, UnfinishedAndIdleConnectionsAreCutInTime) {
  AdminLimits limits;
  limits.request = milliseconds{100};
  start(limits);
  Client unfinished = connect();
  ASSERT_TRUE(unfinished.send("GET /livez HTTP/1.1\r\n"));
  Client idle = connect();
  EXPECT_TRUE(unfinished.is_at_end());
  EXPECT_TRUE(idle.is_at_end());
}

TEST_F(Admin, ConnectionsBeyondTheLimitAreServedOnceOthersClose) {
  start();
  std::vector<Client> hoarded;
  for (int i = 0; i < 64; ++i) {
    hoarded.push_back(connect());
    ASSERT_TRUE(hoarded.back().send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
    ASSERT_EQ(hoarded.back().read_reply().status, 200);
  }
  Client waiting = connect();
  ASSERT_TRUE(waiting.send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
  hoarded.pop_back();
  EXPECT_EQ(waiting.read_reply().status, 200);
}

TEST_F(Admin, AnAddressInUseIsRefusedByName) {
  start();
  const auto second = start_admin_server(server_->address(), pages_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr(server_->address()));
}

TEST_F(Admin, StopMayBeCalledTwice) {
  start();
  Client idle = connect();
  server_->stop();
  server_->stop();
  EXPECT_TRUE(idle.is_at_end());
}

}  // namespace
}  // namespace twinlog
