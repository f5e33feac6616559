// What `send` does when the agent is busy, goes away, refuses or is something else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "agent/cli/send.h"
#include "tests/main/send_fake_agent.h"
#include "tests/main/send_rig.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using ::twinlog::testing::events;
using ::twinlog::testing::FakeAgent;
using ::twinlog::testing::FakePeer;
using ::twinlog::testing::Pipe;
using ::twinlog::testing::quick_options;
using ::twinlog::testing::send_text;
using ::twinlog::testing::Sent;

TEST(SendTrouble, ABusyLineIsSentAgainUntilItIsTaken) {
  std::map<std::string, int> tries;
  FakeAgent agent({[&](FakePeer& peer) {
    while (const auto line = peer.line()) {
      if (++tries[*line] < 3) {
        peer.busy(10);
      } else {
        peer.stored();
      }
    }
  }});
  const Sent sent = send_text(quick_options(agent.path()), events(50));
  EXPECT_EQ(sent.exit, SendExit::kTaken);
  EXPECT_THAT(sent.out, HasSubstr("stored 50,"));
  EXPECT_THAT(sent.out, HasSubstr("busy answers 100 "));
  EXPECT_EQ(tries.size(), 50U);
}

TEST(SendTrouble, BusyPausesAllSendingForAsLongAsTheAgentAsks) {
  std::chrono::steady_clock::time_point said;
  std::chrono::steady_clock::time_point came;
  FakeAgent agent({[&](FakePeer& peer) {
    peer.line();
    said = std::chrono::steady_clock::now();
    peer.busy(60);
    peer.line();
    came = std::chrono::steady_clock::now();
    peer.stored();
  }});
  EXPECT_EQ(send_text(quick_options(agent.path()), events(1)).exit, SendExit::kTaken);
  EXPECT_GE(came - said, std::chrono::milliseconds{60});
}

TEST(SendTrouble, UnansweredLinesGoOutAgainAfterACutConnection) {
  std::vector<std::string> second;
  FakeAgent agent({[](FakePeer& peer) {
                     for (int i = 0; i < 20; ++i) {
                       peer.line();
                     }
                     peer.stored();
                     peer.stored();
                   },
                   [&](FakePeer& peer) {
                     while (const auto line = peer.line()) {
                       second.push_back(*line);
                       peer.stored();
                     }
                   }});
  const Sent sent = send_text(quick_options(agent.path()), events(20));
  EXPECT_EQ(sent.exit, SendExit::kTaken);
  EXPECT_EQ(second.size(), 18U);
  EXPECT_THAT(second.front(), HasSubstr("\"e3\""));
  EXPECT_THAT(sent.out, HasSubstr("stored 20,"));
  EXPECT_THAT(sent.out, HasSubstr("lost connections 1 (18 lines sent again)"));
  EXPECT_EQ(sent.out.find("warning"), std::string::npos) << sent.out;
}

TEST(SendTrouble, AResentLineWithoutALogIdIsAWarning) {
  FakeAgent agent({[](FakePeer& peer) { peer.line(); }, [](FakePeer& peer) { peer.stored_to_all(); }});
  const Sent sent = send_text(quick_options(agent.path()), "{\"tenant_id\":\"t\"}\n");
  EXPECT_EQ(sent.exit, SendExit::kTaken);
  EXPECT_THAT(sent.out, HasSubstr("warning: 1 line without a log_id were sent again"));
}

TEST(SendTrouble, AnAnswerBeforeTheConnectionIsClosedIsStillRead) {
  // As the agent does with a line over its limit: it answers, and closes with the rest unread.
  FakeAgent agent({[](FakePeer& peer) {
                     peer.line();
                     peer.answer(R"({"status":"rejected","error":{"field":"","reason":"too long"}})");
                   },
                   [](FakePeer& peer) { peer.stored_to_all(); }});
  const Sent sent = send_text(quick_options(agent.path()), std::string(500000, 'x') + "\n" + events(2000));
  EXPECT_EQ(sent.exit, SendExit::kFailure);
  EXPECT_THAT(sent.out, HasSubstr("stored 2000, duplicate 0, conflict 0, rejected 1"));
  EXPECT_THAT(sent.out, HasSubstr("rejected line 1: too long"));
}

TEST(SendTrouble, AnAgentThatIsNotThereIsNamedAtOnceWithWhatToDo) {
  const Sent missing = send_text(quick_options("/nonexistent/events.sock"), events(3));
  EXPECT_EQ(missing.exit, SendExit::kFailure);
  EXPECT_THAT(missing.err, HasSubstr("there is no socket at /nonexistent/events.sock: is the agent running"));
  const Sent too_long = send_text(quick_options("/" + std::string(107, 'x')), events(3));
  EXPECT_EQ(too_long.exit, SendExit::kUsage);
}

TEST(SendTrouble, AnAgentThatStaysAwayIsGivenUpWithTheLineToGoOnFrom) {
  FakeAgent agent({[](FakePeer& peer) {
    peer.line();
    peer.stored();
  }});
  const Sent sent = send_text(quick_options(agent.path()), events(5));
  EXPECT_EQ(sent.exit, SendExit::kFailure);
  EXPECT_THAT(sent.err, HasSubstr("given up: nobody listens at " + agent.path()));
  EXPECT_THAT(sent.out, HasSubstr("without an answer: 4 lines"));
  EXPECT_THAT(sent.out, HasSubstr("go on from line 2 "));
}

TEST(SendTrouble, AnAgentThatClosesEveryConnectionIsGivenUp) {
  const std::vector<FakeAgent::Script> closing(1000, [](FakePeer& peer) { peer.line(); });
  FakeAgent agent(closing);
  const Sent sent = send_text(quick_options(agent.path()), events(1));
  EXPECT_EQ(sent.exit, SendExit::kFailure);
  EXPECT_THAT(sent.err, HasSubstr("closes every connection without an answer"));
}

TEST(SendTrouble, SomethingThatIsNoAgentIsNamedSo) {
  FakeAgent http({[](FakePeer& peer) {
    peer.line();
    peer.answer("HTTP/1.1 400 Bad Request");
  }});
  const Sent sent = send_text(quick_options(http.path()), events(1));
  EXPECT_EQ(sent.exit, SendExit::kFailure);
  EXPECT_THAT(sent.err, HasSubstr("is no twinlog agent"));
  FakeAgent babbler({[](FakePeer& peer) { peer.answer(std::string(1 << 20, 'x')); }});
  EXPECT_THAT(send_text(quick_options(babbler.path()), events(1)).err, HasSubstr("is no twinlog agent"));
}

/// A run of `send` on a thread that a test interrupts.
struct Interruptible {
  explicit Interruptible(const SendOptions& options)
      : thread([this, options] {
          exit = run_send(options, {.input = input.read_end,
                                    .interrupt = interrupt.read_end,
                                    .out = out,
                                    .err = err,
                                    .shows_progress = false,
                                    .clock = clock});
        }) {}
  Pipe input;
  Pipe interrupt;
  std::ostringstream out;
  std::ostringstream err;
  SystemClock clock;
  SendExit exit = SendExit::kTaken;
  std::jthread thread;
};

TEST(SendTrouble, AnInterruptionWaitsForTheAnswersThatAreDueAndSaysWhereToGoOn) {
  Pipe has_lines;
  Pipe go_on;
  FakeAgent agent({[&](FakePeer& peer) {
    for (int i = 0; i < 3; ++i) {
      peer.line();
    }
    has_lines.write("x");
    char byte = 0;
    (void)!::read(go_on.read_end, &byte, 1);
    for (int i = 0; i < 3; ++i) {
      peer.stored();
    }
    peer.stored_to_all();
  }});
  auto options = quick_options(agent.path());
  options.interrupted_wait_most = std::chrono::minutes{1};
  Interruptible sending(options);
  sending.input.write(events(3));
  char byte = 0;
  ASSERT_EQ(::read(has_lines.read_end, &byte, 1), 1);
  sending.interrupt.write("x");
  go_on.write("x");
  sending.thread.join();  // The input has no end: only the interruption ends this.
  EXPECT_EQ(sending.exit, SendExit::kFailure);
  EXPECT_THAT(sending.out.str(), HasSubstr("stored 3,"));
  EXPECT_THAT(sending.out.str(), HasSubstr("go on from line 4 "));
}

TEST(SendTrouble, ASecondInterruptionEndsAtOnce) {
  Pipe has_line;
  FakeAgent agent({[&](FakePeer& peer) {
    peer.line();
    has_line.write("x");
    peer.line();
  }});
  auto options = quick_options(agent.path());
  options.interrupted_wait_most = std::chrono::hours{1};
  Interruptible sending(options);
  sending.input.write(events(1));
  char byte = 0;
  ASSERT_EQ(::read(has_line.read_end, &byte, 1), 1);
  sending.interrupt.close_write_end();  // Readable for ever: interrupted again and again.
  sending.thread.join();
  EXPECT_EQ(sending.exit, SendExit::kFailure);
  EXPECT_THAT(sending.out.str(), HasSubstr("without an answer: 1 line\n"));
}

}  // namespace
}  // namespace twinlog
