// Who gets a connection when there are more peers than connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "agent/net/loop/crowd.h"
#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using testing::answer;
using testing::Client;
using testing::event;
using testing::eventually;
using testing::IntakeRig;
using testing::post;

constexpr std::size_t kConnections = 8;
constexpr std::size_t kShare = 6;  // Without the quarter that the other way in keeps.

class Room : public ::testing::Test {
 protected:
  void start() {
    rig_.limits.connections = kConnections;
    ASSERT_TRUE(rig_.start());
  }
  /// So many connections, each in before the next one comes.
  std::vector<Client> idle(Transport transport, std::size_t count) {
    std::vector<Client> peers;
    for (std::size_t i = 0; i < count; ++i) {
      peers.push_back(transport == Transport::kHttp ? rig_.connect_http() : rig_.connect());
      EXPECT_TRUE(eventually([&] { return rig_.counted(transport).connections == i + 1; }));
    }
    return peers;
  }
  /// Whether a sender that comes now is answered.
  bool is_taken(Transport transport, const std::string& log_id) {
    if (transport == Transport::kHttp) {
      Client client = rig_.connect_http();
      return client.send(post(event(log_id))) && client.read_reply().status == 200;
    }
    Client client = rig_.connect();
    return client.send(event(log_id) + "\n") && client.read_line() == answer("stored", log_id);
  }

  IntakeRig rig_;
};

TEST_F(Room, IdleHttpConnectionsKeepNobodyOut) {
  start();
  std::vector<Client> crowd = idle(Transport::kHttp, kShare);
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(rig_.connect_http());
  }
  EXPECT_TRUE(is_taken(Transport::kUnix, "line"));
  EXPECT_TRUE(is_taken(Transport::kHttp, "request"));
  EXPECT_LE(rig_.http().connections, kShare);
  EXPECT_FALSE(rig_.server->is_full(Transport::kHttp));
  EXPECT_FALSE(rig_.server->is_full(Transport::kUnix));
}

TEST_F(Room, UnfinishedHttpRequestsKeepNobodyOut) {
  start();
  std::vector<Client> crowd;
  for (int i = 0; i < 50; ++i) {
    crowd.push_back(rig_.connect_http());
    crowd.back().send("POST /v1/events HTTP/1.1\r\nHo");
  }
  EXPECT_TRUE(is_taken(Transport::kHttp, "request"));
  EXPECT_TRUE(is_taken(Transport::kUnix, "line"));
}

TEST_F(Room, AQuarterIsKeptForHttpToo) {
  start();
  const std::vector<Client> crowd = idle(Transport::kUnix, kShare);
  Client waiting = rig_.connect();
  ASSERT_TRUE(waiting.send(event("waits") + "\n"));
  EXPECT_TRUE(is_taken(Transport::kHttp, "one"));
  EXPECT_TRUE(eventually([&] { return rig_.server->is_full(Transport::kUnix); }));
  EXPECT_EQ(rig_.lines().connections, kShare);
  EXPECT_FALSE(rig_.server->is_full(Transport::kHttp));
}

TEST_F(Room, ASenderOfTheSocketThatIsIdleNeverGivesWay) {
  start();
  std::vector<Client> crowd = idle(Transport::kUnix, kShare);
  Client waiting = rig_.connect();
  ASSERT_TRUE(waiting.send(event("waits") + "\n"));
  EXPECT_TRUE(is_taken(Transport::kHttp, "meanwhile"));
  ASSERT_TRUE(crowd.front().send(event("first") + "\n"));
  EXPECT_EQ(crowd.front().read_line(), answer("stored", "first"));
  crowd.pop_back();
  EXPECT_EQ(waiting.read_line(), answer("stored", "waits"));
}

TEST_F(Room, AllConnectionsMayBeInUseAndNobodyHasToGiveWay) {
  start();
  const std::vector<Client> http = idle(Transport::kHttp, kShare);
  const std::vector<Client> lines = idle(Transport::kUnix, kConnections - kShare);
  EXPECT_EQ(rig_.http().connections, kShare);
  EXPECT_EQ(rig_.http().cut, 0U);
}

TEST_F(Room, TheOneThatHasBeenSilentLongestGivesWay) {
  start();
  std::vector<Client> peers = idle(Transport::kHttp, kShare);
  ASSERT_TRUE(peers[0].send(post(event("again"))));
  ASSERT_EQ(peers[0].read_reply().status, 200);
  EXPECT_TRUE(is_taken(Transport::kHttp, "new"));
  EXPECT_TRUE(peers[1].is_at_end());
  ASSERT_TRUE(peers[0].send(post(event("still there"))));
  EXPECT_NE(peers[0].read_reply().status, 0);
  EXPECT_GE(rig_.http().cut, 1U);
}

TEST_F(Room, WhoWaitsForAnAnswerNeverGivesWay) {
  start();
  rig_.intake.hold();
  std::vector<Client> peers = idle(Transport::kHttp, kShare);
  for (std::size_t i = 0; i < kShare; ++i) {
    ASSERT_TRUE(peers[i].send(post(event("e" + std::to_string(i)))));
  }
  ASSERT_TRUE(rig_.intake.wait_for_events(kShare));
  Client later = rig_.connect_http();
  ASSERT_TRUE(later.send(post(event("later"))));
  EXPECT_TRUE(eventually([&] { return rig_.server->is_full(Transport::kHttp); }));
  rig_.intake.release();
  for (Client& peer : peers) {
    EXPECT_EQ(peer.read_reply().status, 200);
  }
  EXPECT_EQ(later.read_reply().status, 200);
}

TEST_F(Room, AHttpConnectionHasItsTimeForTheFirstWholeRequestAndOneOfTheSocketAsLongAsItLikes) {
  rig_.limits.first_request = std::chrono::milliseconds{100};
  start();
  Client early = rig_.connect();
  Client used = rig_.connect_http();
  ASSERT_TRUE(used.send(post("[]")));
  ASSERT_EQ(used.read_reply().status, 200);
  Client silent = rig_.connect_http();
  Client unfinished = rig_.connect_http();
  ASSERT_TRUE(unfinished.send(post(event("a")).substr(0, 90)));
  EXPECT_TRUE(silent.is_at_end());
  EXPECT_EQ(unfinished.read_reply().status, 408);
  ASSERT_TRUE(used.send(post("[]")));
  EXPECT_EQ(used.read_reply().status, 200);
  ASSERT_TRUE(early.send(event("early") + "\n"));
  EXPECT_EQ(early.read_line(), answer("stored", "early"));
}

TEST_F(Room, ARefusedPeerIsCountedForItselfAndTakesNobodysPlace) {
  rig_.settings.unix_socket.allow_uids = {::getuid() + 1};
  start();
  const std::vector<Client> http = idle(Transport::kHttp, kShare);
  for (std::uint64_t i = 1; i <= kConnections; ++i) {
    EXPECT_TRUE(rig_.connect().is_at_end());
    EXPECT_EQ(rig_.counters.peers_refused.total, i);
  }
  EXPECT_EQ(rig_.counters.peers_refused.last, std::uint64_t{::getuid()} << 32U | ::getgid());
  EXPECT_EQ(rig_.lines().cut + rig_.http().cut, 0U);
  EXPECT_EQ(rig_.http().connections, kShare);
}

class Guest final : public Crowd::Member {
 public:
  void give_way() override {}
};

TEST(Crowd, OrdersThoseThatYieldByTheirSilence) {
  Crowd crowd(1);
  Guest first;
  Guest second;
  Guest busy;
  for (Guest* guest : {&first, &second, &busy}) {
    crowd.enter(*guest);
  }
  EXPECT_EQ(crowd.silent_longest(), nullptr);
  EXPECT_TRUE(Crowd::set_yielding(first, true));
  EXPECT_FALSE(Crowd::set_yielding(first, true));
  EXPECT_TRUE(Crowd::set_yielding(second, true));
  Crowd::moved(busy);
  EXPECT_EQ(crowd.silent_longest(), &first);
  Crowd::moved(first);
  EXPECT_EQ(crowd.silent_longest(), &second);
  EXPECT_FALSE(Crowd::set_yielding(second, false));
  EXPECT_EQ(crowd.silent_longest(), &first);
  Crowd::leave(first);
  Crowd::leave(first);
  EXPECT_EQ(crowd.silent_longest(), nullptr);
  EXPECT_EQ(crowd.open(), 2U);
}

}  // namespace
}  // namespace twinlog
