// The limits of HTTP: body, events, header, time, memory, and peers that vanish.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using testing::answer;
using testing::big_event;
using testing::Client;
using testing::event;
using testing::eventually;
using ::testing::HasSubstr;
using testing::HttpReply;
using testing::IntakeRig;
using testing::post;

std::string array_of(std::size_t count) {
  std::string body = "[";
  for (std::size_t i = 0; i < count; ++i) {
    body += (i == 0 ? "" : ",") + event("e" + std::to_string(i));
  }
  return body + "]";
}

std::string lines_of(std::size_t count) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    body += event("e" + std::to_string(i)) + "\n";
  }
  return body;
}

int status_of(const IntakeRig& rig, const std::string& request) {
  Client client = rig.connect_http();
  client.send(request);  // May be refused halfway; the answer says so.
  return client.read_reply().status;
}

TEST(HttpLimits, ABodyOfExactlyTheLimitIsTakenAndOneByteMoreIs413) {
  IntakeRig rig;
  rig.settings.http.max_body = 10'000;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(status_of(rig, post(big_event("fits", 10'000))), 200);
  EXPECT_EQ(status_of(rig, post(big_event("over", 10'001))), 413);
}

TEST(HttpLimits, A413ReachesASenderThatSendsItsWholeBodyFirst) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  ASSERT_TRUE(client.send(post(std::string(12U << 20U, ' '))));
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 413);
  EXPECT_THAT(reply.body, HasSubstr("max_body"));
  EXPECT_TRUE(client.is_at_end());
}

TEST(HttpLimits, AChunkedBodyIsLimitedToo) {
  IntakeRig rig;
  rig.settings.http.max_body = 1000;
  ASSERT_TRUE(rig.start());
  const std::string chunk = "100\r\n" + std::string(256, ' ') + "\r\n";
  EXPECT_EQ(status_of(rig,
                      "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n" +
                          chunk + chunk + chunk + chunk),
            413);
}

TEST(HttpLimits, AsManyEventsAsTheLimitAreTakenAndOneMoreIs413) {
  IntakeRig rig;
  rig.settings.http.max_events = 20;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(status_of(rig, post(array_of(20))), 200);
  EXPECT_EQ(status_of(rig, post(array_of(21))), 413);
  EXPECT_EQ(status_of(rig, post(lines_of(20) + "\n\n", "application/x-ndjson")), 200);
  EXPECT_EQ(status_of(rig, post(lines_of(21), "application/x-ndjson")), 413);
  EXPECT_EQ(rig.intake.log_ids().size(), 40U);
}

TEST(HttpLimits, AGiantHeaderIs431InOneFieldOrInMany) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(status_of(rig, post("[]", "application/json", "X-A: " + std::string(15'000, 'a') + "\r\n")), 200);
  EXPECT_EQ(status_of(rig, post("[]", "application/json", "X-A: " + std::string(17'000, 'a') + "\r\n")), 431);
  EXPECT_EQ(status_of(rig, "GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\n\r\n"), 431);
  std::string many;
  for (int i = 0; i < 2000; ++i) {
    many += "X-" + std::to_string(i) + ": 1\r\n";
  }
  EXPECT_EQ(status_of(rig, post("[]", "application/json", many)), 431);
}

TEST(HttpLimits, AHeaderThatTricklesIsLimitedAsAWhole) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  ASSERT_TRUE(client.send("GET /v1/events HTTP/1.1\r\n"));
  std::size_t bytes = rig.http().bytes;
  for (int i = 0; i < 20; ++i) {
    client.send("X-" + std::to_string(i) + ": " + std::string(1000, 'a') + "\r\n");
    ASSERT_TRUE(eventually([&] { return rig.http().bytes > bytes || i > 15; }));
    bytes = rig.http().bytes;
  }
  EXPECT_EQ(client.read_reply().status, 431);
}

TEST(HttpLimits, AnEndlessChunkExtensionIsCut) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  client.send(
      "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5;" +
      std::string(1U << 20U, 'x'));
  EXPECT_EQ(client.read_reply().status, 400);
  EXPECT_TRUE(client.is_at_end());
}

TEST(HttpLimits, AnUnfinishedHeaderOrBodyIsCutInTimeAndAnIdleConnectionIsNot) {
  IntakeRig rig;
  rig.limits.unfinished = milliseconds{100};
  ASSERT_TRUE(rig.start());
  Client idle = rig.connect_http();
  const std::string whole = post(event("a"));
  for (const std::size_t sent : {std::size_t{10}, whole.size() - 1}) {
    Client slow = rig.connect_http();
    ASSERT_TRUE(slow.send(whole.substr(0, sent)));
    EXPECT_EQ(slow.read_reply().status, 408);
    EXPECT_TRUE(slow.is_at_end());
  }
  EXPECT_EQ(rig.http().cut, 2U);
  ASSERT_TRUE(idle.send(whole));
  EXPECT_EQ(idle.read_reply().status, 200);
}

TEST(HttpLimits, TricklingBytesDoNotBuyMoreTime) {
  IntakeRig rig;
  rig.limits.unfinished = milliseconds{200};
  ASSERT_TRUE(rig.start());
  Client slow = rig.connect_http();
  const std::string header = "POST /v1/events HTTP/1.1\r\n";
  ASSERT_TRUE(slow.send(header));
  ASSERT_TRUE(eventually([&] { return !slow.send("X: 1\r\n") || rig.http().cut == 1; }));
  EXPECT_EQ(slow.read_reply().status, 408);
}

TEST(HttpLimits, WhenBuffersRunOutTheOldestUnfinishedRequestIsCutAndACompleteSenderGetsThrough) {
  IntakeRig rig;
  rig.settings.max_buffered = 1U << 20U;
  ASSERT_TRUE(rig.start());
  std::vector<Client> unfinished;
  const std::string part = post(std::string(400'000, ' ')).substr(0, 100'000);
  while (rig.http().cut == 0 && unfinished.size() < 100) {
    const std::size_t before = rig.http().bytes;
    unfinished.push_back(rig.connect_http());
    ASSERT_TRUE(unfinished.back().send(part));
    ASSERT_TRUE(eventually([&] { return rig.http().bytes == before + part.size() || rig.http().cut > 0; }));
    ASSERT_EQ(status_of(rig, post(big_event("c", 300'000))), 200);
  }
  EXPECT_TRUE(unfinished.front().is_at_end());
}

TEST(HttpLimits, APeerThatIsGoneBeforeItsAnswerHarmsNobody) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  for (int i = 0; i < 10; ++i) {
    Client client = rig.connect_http();
    ASSERT_TRUE(client.send(post(event("gone" + std::to_string(i)))));
  }
  ASSERT_TRUE(rig.intake.wait_for_events(10));
  rig.intake.release();
  EXPECT_EQ(status_of(rig, post(event("here"))), 200);
  EXPECT_EQ(rig.http().stored, 11U);
}

TEST(HttpLimits, ANeverReadingPeerIsCutAfterItsTime) {
  IntakeRig rig;
  rig.limits.unfinished = milliseconds{200};
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  std::size_t sent = 0;
  EXPECT_TRUE(eventually([&] {
    sent += client.send_until_blocked(post("{}"), milliseconds{10}, 1U << 20U);
    return rig.http().cut == 1;
  }));
  EXPECT_LT(sent, 256U << 20U);
  EXPECT_TRUE(eventually([&] { return rig.http().connections == 0; }));
}

}  // namespace
}  // namespace twinlog
