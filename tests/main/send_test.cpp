#include "agent/cli/send.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/main/send_fake_agent.h"
#include "tests/main/send_rig.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::twinlog::testing::events;
using ::twinlog::testing::FakeAgent;
using ::twinlog::testing::FakePeer;
using ::twinlog::testing::quick_options;
using ::twinlog::testing::send_text;
using ::twinlog::testing::Sent;

TEST(Send, EveryLineIsTakenAndTheExitIsZero) {
  FakeAgent agent({[](FakePeer& peer) { peer.stored_to_all(); }});
  const Sent sent = send_text(quick_options(agent.path()), events(5000));
  EXPECT_EQ(sent.exit, SendExit::kTaken);
  EXPECT_THAT(sent.out, HasSubstr("5000 lines in "));
  EXPECT_THAT(sent.out, HasSubstr("stored 5000, duplicate 0, conflict 0, rejected 0"));
  EXPECT_EQ(sent.err, "");
}

TEST(Send, AnEmptyInputIsFineAndStillNeedsTheAgent) {
  FakeAgent agent({[](FakePeer& peer) { peer.stored_to_all(); }});
  EXPECT_EQ(send_text(quick_options(agent.path()), "").exit, SendExit::kTaken);
  EXPECT_EQ(send_text(quick_options("/nonexistent/events.sock"), "").exit, SendExit::kFailure);
}

TEST(Send, LinesArePipelinedUpToTheLimitAndNoFurther) {
  bool came_unanswered = false;
  bool came_beyond_the_limit = true;
  FakeAgent agent({[&](FakePeer& peer) {
    for (int i = 0; i < 8; ++i) {
      came_unanswered = peer.line().has_value();
    }
    came_beyond_the_limit = peer.has_more();
    for (int i = 0; i < 8; ++i) {
      peer.stored();
    }
    peer.stored_to_all();
  }});
  auto options = quick_options(agent.path());
  options.lines_most = 8;
  EXPECT_EQ(send_text(options, events(100)).exit, SendExit::kTaken);
  EXPECT_TRUE(came_unanswered);
  EXPECT_FALSE(came_beyond_the_limit);
}

TEST(Send, DuplicatesAndConflictsCountAsTaken) {
  FakeAgent agent({[](FakePeer& peer) {
    peer.line();
    peer.answer(R"({"status":"duplicate","tenant_id":"t","log_id":"l"})");
    peer.line();
    peer.answer(R"({"status":"conflict","tenant_id":"t","log_id":"l"})");
    peer.stored_to_all();
  }});
  const Sent sent = send_text(quick_options(agent.path()), events(3));
  EXPECT_EQ(sent.exit, SendExit::kTaken);
  EXPECT_THAT(sent.out, HasSubstr("stored 1, duplicate 1, conflict 1, rejected 0"));
}

TEST(Send, ARejectedLineIsNamedByNumberFieldAndReasonAndNeverByItsContent) {
  FakeAgent agent({[](FakePeer& peer) {
    while (const auto line = peer.line()) {
      if (line->find("hunter2") != std::string::npos) {
        peer.answer(R"({"status":"rejected","error":{"field":"occurred_at","reason":"is missing"}})");
      } else {
        peer.stored();
      }
    }
  }});
  const Sent sent = send_text(quick_options(agent.path()), events(1) + "\n{\"password\":\"hunter2\"}\n" + events(1));
  EXPECT_EQ(sent.exit, SendExit::kFailure);
  EXPECT_THAT(sent.out, HasSubstr("rejected line 3: occurred_at: is missing"));
  EXPECT_THAT(sent.out + sent.err, Not(HasSubstr("hunter2")));
  EXPECT_THAT(sent.out, Not(HasSubstr("go on from")));
}

TEST(Send, AFileIsReadAndOneThatIsNotThereIsAUsageMistake) {
  const std::string path = ::testing::TempDir() + "twinlog_send_events.ndjson";
  std::ofstream(path) << events(3);
  FakeAgent agent({[](FakePeer& peer) { peer.stored_to_all(); }});
  auto options = quick_options(agent.path());
  options.file = path;
  EXPECT_THAT(send_text(options, "").out, HasSubstr("stored 3,"));
  options.file = "/nonexistent/events.ndjson";
  const Sent missing = send_text(options, "");
  EXPECT_EQ(missing.exit, SendExit::kUsage);
  EXPECT_THAT(missing.err, HasSubstr("cannot open /nonexistent/events.ndjson: No such file or directory"));
  options.file = ::testing::TempDir();
  EXPECT_EQ(send_text(options, "").exit, SendExit::kUsage);
}

TEST(Send, ProgressIsShownOnATerminalOnly) {
  FakeAgent agent({[](FakePeer& peer) { peer.stored_to_all(); }, [](FakePeer& peer) { peer.stored_to_all(); }});
  EXPECT_THAT(send_text(quick_options(agent.path()), events(10), true).err, HasSubstr(" answered, "));
  EXPECT_EQ(send_text(quick_options(agent.path()), events(10), false).err, "");
}

}  // namespace
}  // namespace twinlog
