#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "agent/net/admin/admin_server.h"
#include "tests/net/client.h"
#include "tests/net/intake_rig.h"
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

TEST_F(Admin, WhereAllConnectionsAreTakenTheOneThatIsSilentLongestMakesRoom) {
  start();
  std::vector<Client> hoarded;
  for (int i = 0; i < 64; ++i) {
    hoarded.push_back(connect());
    ASSERT_TRUE(hoarded.back().send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
    ASSERT_EQ(hoarded.back().read_reply().status, 200);
  }
  ASSERT_TRUE(hoarded[0].send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
  ASSERT_EQ(hoarded[0].read_reply().status, 200);
  EXPECT_EQ(ask("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
  EXPECT_TRUE(hoarded[1].is_at_end());
  ASSERT_TRUE(hoarded[0].send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(hoarded[0].read_reply().status, 200);
}

TEST_F(Admin, StrangersThatComeAgainAndAgainKeepNoProbeOut) {
  start();
  std::atomic<bool> is_over{false};
  std::atomic<int> came_again{0};
  std::thread strangers([&] {
    std::vector<Client> crowd;
    for (std::size_t next = 0; !is_over; next = (next + 1) % 500) {
      // Half of them say something that is never finished.
      Client stranger = connect();
      stranger.send(next % 2 == 0 ? "GET /li" : "");
      if (crowd.size() < 500) {
        crowd.push_back(std::move(stranger));
      } else {
        std::destroy_at(&crowd[next]);
        std::construct_at(&crowd[next], std::move(stranger));
      }
      ++came_again;
    }
  });
  EXPECT_TRUE(testing::eventually([&] { return came_again > 1000; }));
  for (int probe = 0; probe < 14; ++probe) {
    EXPECT_EQ(ask("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n").status, 200) << probe;
  }
  is_over = true;
  strangers.join();
}

/// Holds the first page back until it is told to show it.
class HeldPages final : public AdminPages {
 public:
  AdminPage page(std::string_view path) override {
    if (asked++ == 0) {
      shown.acquire();
    }
    if (path == "/other") {
      asked_before_other = asked - 1;
    }
    return {.body = "ok\n"};
  }
  std::binary_semaphore shown{0};
  int asked = 0;
  int asked_before_other = 0;
};

TEST_F(Admin, OneThatSendsManyRequestsAtOnceLetsOthersHaveTheirTurn) {
  HeldPages pages;
  const auto server = start_admin_server("127.0.0.1:0", pages);
  ASSERT_TRUE(server);
  constexpr int kMany = 500;
  Client many = Client::to_tcp((*server)->address());
  Client other = Client::to_tcp((*server)->address());
  std::string requests;
  for (int i = 0; i < kMany; ++i) {
    requests += "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  ASSERT_TRUE(many.send(requests));
  ASSERT_TRUE(other.send("GET /other HTTP/1.1\r\nHost: h\r\n\r\n"));
  pages.shown.release();
  EXPECT_EQ(other.read_reply().status, 200);
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(many.read_reply().status, 200) << i;
  }
  (*server)->stop();
  EXPECT_EQ(pages.asked, kMany + 1);
  EXPECT_LT(pages.asked_before_other, kMany / 2);
}

TEST_F(Admin, LineEndsAloneKeepNoConnectionOpen) {
  AdminLimits limits;
  limits.request = milliseconds{300};
  start(limits);
  Client client = connect();
  // A tenth of the limit apart, for as long as it takes it.
  const auto most = std::chrono::steady_clock::now() + testing::kPatience;
  while (client.send("\r\n") && std::chrono::steady_clock::now() < most) {
    std::this_thread::sleep_for(limits.request / 10);
  }
  EXPECT_LT(std::chrono::steady_clock::now(), most);
}

TEST_F(Admin, AnOldConnectionIsClosedWithAnAnswer) {
  AdminLimits limits;
  limits.connection_age = milliseconds{0};
  start(limits);
  Client client = connect();
  ASSERT_TRUE(client.send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"));
  const HttpReply last = client.read_reply();
  EXPECT_EQ(last.body, "ok\n");
  EXPECT_EQ(last.fields.at("connection"), "close");
  EXPECT_TRUE(client.is_at_end());
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
