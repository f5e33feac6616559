// What is spoken on the Unix socket: answers, their order, line ends, the end of the stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using testing::answer;
using testing::Client;
using ::testing::ElementsAre;
using testing::event;
using testing::eventually;
using ::testing::HasSubstr;
using testing::IntakeRig;
using ::testing::StartsWith;

TEST(Lines, EveryDispositionHasItsAnswer) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n" + event("duplicate-b") + "\n" + event("conflict-c") + "\n" +
                          event("busy-d") + "\n"));
  EXPECT_THAT(client.read_lines(4),
              ElementsAre(answer("stored", "a"), answer("duplicate", "duplicate-b"), answer("conflict", "conflict-c"),
                          R"({"status":"busy","retry_after_ms":500})"));
  EXPECT_EQ(rig.lines().stored, 1U);
  EXPECT_EQ(rig.lines().duplicate, 1U);
  EXPECT_EQ(rig.lines().conflict, 1U);
  EXPECT_EQ(rig.lines().busy, 1U);
}

TEST(Lines, ALineThatIsNotAnEventIsRejectedAndTheConnectionGoesOn) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  ASSERT_TRUE(client.send("this is not JSON\n{\"log_id\":\"x\"}\n" + event("a") + "\n"));
  const std::vector<std::string> answers = client.read_lines(3);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_THAT(answers[0], StartsWith(R"({"status":"rejected","error":{"field":"","reason":")"));
  EXPECT_THAT(answers[1], StartsWith(R"({"status":"rejected","error":{"field":")"));
  EXPECT_EQ(answers[2], answer("stored", "a"));
  EXPECT_THAT(rig.intake.log_ids(), ElementsAre("a"));
  EXPECT_EQ(rig.lines().rejected, 2U);
}

TEST(Lines, AnswersKeepTheOrderOfTheLinesWhateverBecomesOfThem) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n"));
  ASSERT_TRUE(rig.intake.wait_for_events(1));
  ASSERT_TRUE(client.send("no\n"));
  ASSERT_TRUE(eventually([&] { return rig.lines().rejected == 1; }));
  ASSERT_TRUE(client.send(event("b") + "\nno\n" + event("c") + "\n"));
  ASSERT_TRUE(rig.intake.wait_for_events(3));
  rig.intake.release();
  const std::vector<std::string> answers = client.read_lines(5);
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_EQ(answers[0], answer("stored", "a"));
  EXPECT_THAT(answers[1], HasSubstr("rejected"));
  EXPECT_EQ(answers[2], answer("stored", "b"));
  EXPECT_THAT(answers[3], HasSubstr("rejected"));
  EXPECT_EQ(answers[4], answer("stored", "c"));
}

TEST(Lines, ThePipelinedLinesOfOneReadAreOneSubmission) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    lines += event("e" + std::to_string(i)) + "\n";
  }
  ASSERT_TRUE(client.send(lines));
  const std::vector<std::string> answers = client.read_lines(200);
  ASSERT_EQ(answers.size(), 200U);
  EXPECT_EQ(answers.back(), answer("stored", "e199"));
  EXPECT_LT(rig.intake.submission_sizes().size(), 10U);
}

TEST(Lines, ALineMayComeByteByByteAndEndInCrLf) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  for (const char byte : event("slow") + "\r\n") {
    ASSERT_TRUE(client.send({&byte, 1}));
  }
  EXPECT_EQ(client.read_line(), answer("stored", "slow"));
}

TEST(Lines, EmptyLinesAreNoEvents) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  ASSERT_TRUE(client.send("\n\r\n\n" + event("a") + "\n\n\r\n"));
  client.half_close();
  EXPECT_EQ(client.read_all(), answer("stored", "a") + "\n");
}

TEST(Lines, AfterAHalfCloseEverythingReadIsAnsweredAndTheRestIsNoEvent) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("a") + "\n" + event("b") + "\n" + event("without-line-end")));
  client.half_close();
  ASSERT_TRUE(rig.intake.wait_for_events(2));
  rig.intake.release();
  EXPECT_EQ(client.read_all(), answer("stored", "a") + "\n" + answer("stored", "b") + "\n");
  EXPECT_THAT(rig.intake.log_ids(), ElementsAre("a", "b"));
  EXPECT_TRUE(eventually([&] { return rig.lines().connections == 0; }));
}

TEST(Lines, APeerThatIsGoneBeforeItsAnswersHarmsNobody) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  rig.intake.hold();
  for (int i = 0; i < 20; ++i) {
    Client client = rig.connect();
    ASSERT_TRUE(client.send(event("gone" + std::to_string(i)) + "\n"));
  }
  ASSERT_TRUE(rig.intake.wait_for_events(20));
  rig.intake.release();
  Client client = rig.connect();
  ASSERT_TRUE(client.send(event("here") + "\n"));
  EXPECT_EQ(client.read_line(), answer("stored", "here"));
  EXPECT_EQ(rig.lines().stored, 21U);
  EXPECT_TRUE(eventually([&] { return rig.lines().connections == 1; }));
}

TEST(Lines, EqualEventsWithoutAnIdAreNewOnes) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  const std::string line = R"({"tenant_id":"t","event_type":"logout","occurred_at":1700000000000})";
  ASSERT_TRUE(client.send(line + "\n" + line + "\n"));
  const std::vector<std::string> answers = client.read_lines(2);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0], StartsWith(R"({"status":"stored","tenant_id":"t","log_id":")"));
  EXPECT_NE(answers[0], answers[1]);
}

TEST(Lines, WhatTheReaderMendedIsCounted) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  ASSERT_TRUE(client.send(R"({"tenant_id":"t","log_id":"r","event_type":"logout","occurred_at":1700000000000,"ip":7,)"
                          R"("metadata":{"password":"hunter2"}})"
                          "\n"));
  EXPECT_EQ(client.read_line(), answer("stored", "r"));
  EXPECT_EQ(rig.counters.redactions[static_cast<std::size_t>(RedactionRule::kKey)], 1U);
  EXPECT_EQ(rig.counters.repairs[static_cast<std::size_t>(RepairRule::kWrongValue)], 1U);
}

}  // namespace
}  // namespace twinlog
