// Stopping: what was read completely is answered, nothing else is, and the loop's tick.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using testing::answer;
using testing::Client;
using ::testing::ElementsAre;
using testing::event;
using testing::eventually;
using ::testing::HasSubstr;
using testing::IntakeRig;
using testing::post;

constexpr milliseconds kLong{10000};

TEST(Stop, LinesReadCompletelyAreAnsweredAndTheUnfinishedOneIsNot) {
  IntakeRig rig;
  rig.limits.unanswered_lines = 2;  // So that some of them are read and not yet handed over.
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n" + event("b") + "\n" + event("c") + "\n" + event("d")));
  ASSERT_TRUE(rig.intake.wait_for_events(2));
  std::thread stopping([&] { rig.server->stop(kLong); });
  ASSERT_TRUE(eventually([&] { return !rig.connect().is_connected(); }));
  rig.intake.release();
  EXPECT_EQ(client.read_all(),
            answer("stored", "a") + "\n" + answer("stored", "b") + "\n" + answer("stored", "c") + "\n");
  stopping.join();
  EXPECT_THAT(rig.intake.log_ids(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(rig.lines().connections, 0U);
}

TEST(Stop, AnHttpRequestReadCompletelyIsAnsweredAndTheConnectionCloses) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect_http();
  Client unfinished = rig.connect_http();
  ASSERT_TRUE(unfinished.send("POST /v1/events HTTP/1.1\r\n"));
  ASSERT_TRUE(client.send(post(event("a"))));
  ASSERT_TRUE(rig.intake.wait_for_events(1));
  std::thread stopping([&] { rig.server->stop(kLong); });
  ASSERT_TRUE(eventually([&] { return !rig.connect().is_connected(); }));
  rig.intake.release();
  const testing::HttpReply reply = client.read_reply();
  stopping.join();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.fields.at("connection"), "close");
  EXPECT_TRUE(client.is_at_end());
  EXPECT_EQ(unfinished.read_all(), "");
}

TEST(Stop, WhatIsNotAnsweredWithinTheGraceIsGivenUp) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n"));
  ASSERT_TRUE(rig.intake.wait_for_events(1));
  rig.server->stop(milliseconds{20});
  EXPECT_TRUE(client.is_at_end());
  EXPECT_EQ(rig.lines().connections, 0U);
  rig.server->stop(milliseconds{20});
  rig.server.reset();
  rig.intake.release();  // The late answer finds nobody and breaks nothing.
  EXPECT_THAT(rig.intake.log_ids(), ElementsAre("a"));
}

TEST(Stop, AskingDoesNotWaitAndAskingAgainCutsTheGraceShort) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n"));
  ASSERT_TRUE(rig.intake.wait_for_events(1));
  EXPECT_FALSE(rig.server->has_stopped());
  rig.server->ask_to_stop(std::chrono::hours{1});
  ASSERT_TRUE(eventually([&] { return !rig.connect().is_connected(); }));
  EXPECT_FALSE(rig.server->has_stopped());
  rig.server->ask_to_stop(milliseconds{0});
  EXPECT_TRUE(eventually([&] { return rig.server->has_stopped(); }));
  EXPECT_TRUE(client.is_at_end());
  rig.server->stop(milliseconds{0});
  rig.server.reset();
  rig.intake.release();
}

TEST(Stop, TakesTheSocketFileAwayAndAServerCanStartAgain) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client idle = rig.connect();
  rig.server->stop(kLong);
  EXPECT_NE(::access(rig.settings.unix_socket.path.c_str(), F_OK), 0);
  EXPECT_TRUE(idle.is_at_end());
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("again") + "\n"));
  EXPECT_EQ(client.read_line(), answer("stored", "again"));
}

TEST(Stop, TheLoopTicksWhileItRuns) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const auto first = rig.server->last_tick();
  EXPECT_TRUE(eventually([&] { return rig.server->last_tick() > first; }));
}

TEST(Start, TwoServersOnOneSocketAreRefusedAndTheFirstGoesOn) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  IntakeCounters counters;
  const auto second = start_intake_server(rig.settings, rig.limits, {rig.intake, counters, rig.random});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("live process"));
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n"));
  EXPECT_EQ(client.read_line(), answer("stored", "a"));
}

TEST(Start, BothWaysInCanBeTurnedOff) {
  IntakeRig rig;
  rig.settings.unix_socket.path = "";
  rig.settings.http.listen = "";
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(rig.server->http_address(), "");
}

}  // namespace
}  // namespace twinlog
