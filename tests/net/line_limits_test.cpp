// The limits of the Unix socket: line length, unanswered lines, unread answers, time, and memory over all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "ledger/base/descriptor.h"
#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::answer;
using testing::big_event;
using testing::Client;
using testing::event;
using testing::eventually;
using ::testing::HasSubstr;
using testing::IntakeRig;

constexpr milliseconds kQuiet{200};

TEST(LineLimits, ALineOfExactlyTheLimitIsTakenAndOneByteMoreEndsTheConnection) {
  IntakeRig rig;
  rig.settings.max_event = 4096;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  ASSERT_TRUE(client.send(big_event("fits", 4096) + "\r\n" + big_event("over", 4097) + "\n" + event("after") + "\n"));
  EXPECT_EQ(client.read_line(), answer("stored", "fits"));
  EXPECT_THAT(client.read_line().value_or(""), AllOf(HasSubstr(R"("status":"rejected")"), HasSubstr("4096 bytes")));
  EXPECT_TRUE(client.is_at_end());
  EXPECT_EQ(rig.intake.log_ids(), std::vector<std::string>{"fits"});
}

TEST(LineLimits, AnEndlessLineIsAnsweredAfterTheLinesBeforeIt) {
  IntakeRig rig;
  rig.settings.max_event = 64U << 10U;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("before") + "\n"));
  ASSERT_TRUE(rig.intake.wait_for_events(1));
  ASSERT_TRUE(eventually([&] {
    client.send_until_blocked(std::string(8192, 'x'), milliseconds{10}, 64U << 10U);
    return rig.lines().rejected == 1;
  }));
  rig.intake.release();
  EXPECT_EQ(client.read_line(), answer("stored", "before"));
  EXPECT_THAT(client.read_line().value_or(""), HasSubstr("longer than intake.max_event"));
  EXPECT_TRUE(client.is_at_end());
}

TEST(LineLimits, ReadingPausesAtTheLimitOfUnansweredLines) {
  IntakeRig rig;
  rig.limits.unanswered_lines = 8;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  const std::string line = event("e") + "\n";
  const std::size_t sent = client.send_until_blocked(line, kQuiet, 64U << 20U);
  EXPECT_LT(sent, 64U << 20U);
  ASSERT_TRUE(rig.intake.wait_for_events(8));
  EXPECT_EQ(rig.intake.log_ids().size(), 8U);
  EXPECT_LT(rig.lines().bytes, 200U << 10U);
  rig.intake.release();
  EXPECT_EQ(client.read_lines(sent / line.size()).size(), sent / line.size());
}

TEST(LineLimits, APeerThatNeverReadsItsAnswersIsNotReadFrom) {
  IntakeRig rig;
  rig.limits.unsent_answer_bytes = 64U << 10U;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  const std::string line = event("e") + "\n";
  const std::size_t sent = client.send_until_blocked(line, kQuiet, 256U << 20U);
  EXPECT_LT(sent, 8U << 20U);
  EXPECT_LT(rig.lines().bytes, 8U << 20U);
  EXPECT_EQ(rig.lines().connections, 1U);
  // Once it reads, nothing is missing.
  EXPECT_EQ(client.read_lines(sent / line.size()).size(), sent / line.size());
}

TEST(LineLimits, RejectedLinesToAPeerThatNeverReadsAreBoundedToo) {
  IntakeRig rig;
  rig.limits.unsent_answer_bytes = 64U << 10U;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  const std::size_t sent = client.send_until_blocked("x\n", kQuiet, 64U << 20U);
  EXPECT_LT(sent, 4U << 20U);
  EXPECT_EQ(client.read_lines(sent / 2).size(), sent / 2);
}

TEST(LineLimits, AnUnfinishedLineIsCutInTimeAndAnIdleConnectionIsNot) {
  IntakeRig rig;
  rig.limits.unfinished = milliseconds{100};
  ASSERT_TRUE(rig.start());
  Client idle = rig.connect();
  Client slow = rig.connect();
  ASSERT_TRUE(slow.send(event("done") + "\n" + R"({"tenant_id":)"));
  EXPECT_EQ(slow.read_line(), answer("stored", "done"));
  EXPECT_TRUE(slow.is_at_end());
  EXPECT_EQ(rig.lines().cut, 1U);
  ASSERT_TRUE(idle.send(event("idle") + "\n"));
  EXPECT_EQ(idle.read_line(), answer("stored", "idle"));
}

TEST(LineLimits, AnUnfinishedLineThatIsCutDoesNotCostTheAnswersBeforeIt) {
  IntakeRig rig;
  rig.limits.unfinished = milliseconds{100};
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n" + R"({"tenant_id":)"));
  ASSERT_TRUE(eventually([&] { return rig.lines().cut == 1; }));
  rig.intake.release();
  EXPECT_EQ(client.read_all(), answer("stored", "a") + "\n");
}

TEST(LineLimits, WhenBuffersRunOutTheOldestUnfinishedLineIsCutAndACompleteSenderGetsThrough) {
  IntakeRig rig;
  rig.settings.max_buffered = 1U << 20U;
  ASSERT_TRUE(rig.start());
  std::vector<Client> unfinished;
  std::size_t bytes = 0;
  while (rig.lines().cut == 0 && bytes < 8U << 20U) {
    unfinished.push_back(rig.connect());
    ASSERT_TRUE(unfinished.back().send(std::string(100'000, 'x')));
    bytes += 100'000;
    ASSERT_TRUE(eventually([&] { return rig.lines().bytes == bytes || rig.lines().cut > 0; }));
    Client complete = rig.connect();
    ASSERT_TRUE(complete.send(big_event("c", 200'000) + "\n"));
    ASSERT_EQ(complete.read_line(), answer("stored", "c"));
    bytes += 200'001;
  }
  EXPECT_TRUE(unfinished.front().is_at_end());
  EXPECT_TRUE(unfinished.back().send("\n"));
  EXPECT_THAT(unfinished.back().read_line().value_or(""), HasSubstr("rejected"));
}

TEST(LineLimits, WhileTheFrontDoorHoldsTheBuffersReadingPausesAndNobodyIsCut) {
  IntakeRig rig;
  rig.settings.max_buffered = 256U << 10U;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client first = rig.connect();
  const std::string line = event("e") + "\n";
  const std::size_t sent = first.send_until_blocked(line, kQuiet, 16U << 20U);
  EXPECT_LT(rig.lines().bytes, 1U << 20U);
  Client second = rig.connect();
  ASSERT_TRUE(second.send(event("second") + "\n"));
  rig.intake.release();
  EXPECT_EQ(second.read_line(), answer("stored", "second"));
  EXPECT_EQ(first.read_lines(sent / line.size()).size(), sent / line.size());
  EXPECT_EQ(rig.lines().cut, 0U);
}

TEST(LineLimits, ConnectionsBeyondTheLimitWaitTheirTurn) {
  IntakeRig rig;
  rig.limits.connections = 2;
  ASSERT_TRUE(rig.start());
  Client first = rig.connect();
  Client second = rig.connect();
  Client third = rig.connect();
  ASSERT_TRUE(third.send(event("third") + "\n"));
  ASSERT_TRUE(eventually([&] { return rig.lines().connections == 2; }));
  ASSERT_TRUE(first.send(event("first") + "\n"));
  EXPECT_EQ(first.read_line(), answer("stored", "first"));
  first.close();
  EXPECT_EQ(third.read_line(), answer("stored", "third"));
}

/// Uses up all descriptors of this process but one, for as long as it lives.
class FewDescriptors {
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{256, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &low);
    for (int taken = ::dup(0); taken >= 0; taken = ::dup(0)) {
      taken_.emplace_back(taken);
    }
    taken_.pop_back();
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<Descriptor> taken_;
};

TEST(LineLimits, WithoutDescriptorsSendersWaitAndTheLoopStillTicks) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  auto few = std::make_unique<FewDescriptors>();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("waits") + "\n"));
  const auto before = rig.server->last_tick();
  EXPECT_TRUE(eventually([&] { return rig.server->last_tick() > before; }));
  EXPECT_EQ(rig.lines().connections, 0U);
  few.reset();
  EXPECT_EQ(client.read_line(), answer("stored", "waits"));
}

}  // namespace
}  // namespace twinlog
