#include "agent/cli/send_window.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

InputLine line(std::uint64_t number, std::string text = R"({"log_id":"x"})") {
  return {number, std::move(text), false};
}

Answer answer_of(AnswerStatus status) {
  Answer answer;
  answer.status = status;
  return answer;
}

TEST(SendWindow, IsFullByLinesOrByBytesButOneLineAlwaysFits) {
  SendWindow by_lines(2, 1000);
  by_lines.add(line(1));
  EXPECT_TRUE(by_lines.has_room());
  by_lines.add(line(2));
  EXPECT_FALSE(by_lines.has_room());
  SendWindow by_bytes(2, 1);
  EXPECT_TRUE(by_bytes.has_room());
  by_bytes.add(line(1));
  EXPECT_FALSE(by_bytes.has_room());
  by_bytes.take_next();
  EXPECT_TRUE(by_bytes.answered(answer_of(AnswerStatus::kStored)));
  EXPECT_TRUE(by_bytes.has_room());
}

TEST(SendWindow, ABusyLineWaitsAgainAndStaysInTheWindow) {
  SendWindow window(10, 1000);
  window.add(line(1));
  window.take_next();
  ASSERT_TRUE(window.answered(answer_of(AnswerStatus::kBusy)));
  EXPECT_EQ(window.waiting(), 1U);
  EXPECT_EQ(window.first_unanswered(), 1U);
  ASSERT_NE(window.take_next(), nullptr);
  ASSERT_TRUE(window.answered(answer_of(AnswerStatus::kDuplicate)));
  EXPECT_EQ(window.held(), 0U);
  EXPECT_EQ(window.counts().busy, 1U);
  EXPECT_EQ(window.counts().taken(), 1U);
}

TEST(SendWindow, ALostConnectionPutsItsLinesBackInTheirOrderBeforeTheOthers) {
  SendWindow window(10, 1000);
  for (std::uint64_t number = 1; number <= 3; ++number) {
    window.add(line(number, "{\"log_id\":\"" + std::to_string(number) + "\"}"));
  }
  window.take_next();
  window.take_next();
  window.lost_connection(1000);
  for (const char* expected : {"{\"log_id\":\"1\"}\n", "{\"log_id\":\"2\"}\n", "{\"log_id\":\"3\"}\n"}) {
    const std::string* next = window.take_next();
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(*next, expected);
  }
  EXPECT_EQ(window.take_next(), nullptr);
}

TEST(SendWindow, OnlyALineThatWasWrittenWholeCountsAsSentAgain) {
  SendWindow window(10, 1000);
  window.add(line(1, "{}"));
  window.add(line(2, "{\"log_id\":\"a\"}"));
  window.add(line(3, "{}"));
  for (int i = 0; i < 3; ++i) {
    window.take_next();
  }
  window.lost_connection(3 + 15 + 2);  // The third line lacks its LF.
  EXPECT_EQ(window.counts().sent_again, 2U);
  EXPECT_EQ(window.counts().sent_again_without_log_id, 1U);
  window.take_next();
  window.lost_connection(3);  // Bytes are counted anew.
  EXPECT_EQ(window.counts().sent_again, 3U);
  EXPECT_EQ(window.counts().lost_connections, 2U);
}

TEST(SendWindow, KeepsTheFirstReasonsAndCountsAll) {
  SendWindow window(100, 100000);
  for (std::uint64_t number = 1; number <= kReasonsKept + 2; ++number) {
    window.add(line(number));
    window.take_next();
    Answer answer = answer_of(AnswerStatus::kRejected);
    answer.field = "tenant_id";
    EXPECT_TRUE(window.answered(answer));
  }
  EXPECT_EQ(window.counts().rejected, kReasonsKept + 2);
  ASSERT_EQ(window.counts().rejections.size(), kReasonsKept);
  EXPECT_EQ(window.counts().rejections.back().line, kReasonsKept);
  EXPECT_EQ(window.counts().rejections.back().field, "tenant_id");
}

TEST(SendWindow, AnAnswerToNothingIsRefused) {
  SendWindow window(10, 1000);
  window.add(line(1));
  EXPECT_FALSE(window.answered(answer_of(AnswerStatus::kStored)));
}

TEST(SendWindow, ATooLongLineIsRejectedWithoutBeingSent) {
  SendWindow window(10, 1000);
  window.add({7, "", true});
  EXPECT_EQ(window.held(), 0U);
  ASSERT_EQ(window.counts().rejections.size(), 1U);
  EXPECT_EQ(window.counts().rejections[0].line, 7U);
}

}  // namespace
}  // namespace twinlog
