#include "agent/cli/send_answer.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

using std::chrono::milliseconds;

TEST(SendAnswer, EveryStatusOfTheContractIsKnown) {
  EXPECT_EQ(parse_answer(R"({"status":"stored","tenant_id":"t","log_id":"x"})")->status, AnswerStatus::kStored);
  EXPECT_EQ(parse_answer(R"({"status":"duplicate"})")->status, AnswerStatus::kDuplicate);
  EXPECT_EQ(parse_answer(R"({"status":"conflict"})")->status, AnswerStatus::kConflict);
  const auto rejected = parse_answer(R"({"status":"rejected","error":{"field":"occurred_at","reason":"is missing"}})");
  EXPECT_EQ(rejected->status, AnswerStatus::kRejected);
  EXPECT_EQ(rejected->field, "occurred_at");
  EXPECT_EQ(rejected->reason, "is missing");
  const auto busy = parse_answer(R"({"status":"busy","retry_after_ms":750})");
  EXPECT_EQ(busy->status, AnswerStatus::kBusy);
  EXPECT_EQ(busy->retry_after, milliseconds{750});
}

TEST(SendAnswer, AWaitIsHeldWithinItsBounds) {
  EXPECT_EQ(parse_answer(R"({"status":"busy","retry_after_ms":0})")->retry_after, kBusyWaitLeast);
  EXPECT_EQ(parse_answer(R"({"status":"busy","retry_after_ms":4000000000})")->retry_after, kBusyWaitMost);
  EXPECT_EQ(parse_answer(R"({"status":"busy"})")->retry_after, milliseconds{500});
}

TEST(SendAnswer, AnythingElseIsNoAnswer) {
  for (const char* text : {"", "HTTP/1.1 400 Bad Request\r", "[]", "{}", R"({"status":"ok"})", R"({"status":5})"}) {
    EXPECT_FALSE(parse_answer(text).has_value()) << text;
  }
}

TEST(SendAnswer, ALogIdIsOneAtTheTopOfTheEvent) {
  EXPECT_TRUE(has_log_id("{\"a\":[1,{\"b\":2}],\"log_id\":\"x\"}\n"));
  for (const char* text :
       {"{}", R"({"metadata":{"log_id":"x"}})", R"({"log_id":""})", R"({"log_id":null})", "{\"log_id"}) {
    EXPECT_FALSE(has_log_id(text)) << text;
  }
  EXPECT_FALSE(has_log_id(std::string(1000000, '[')));
}

}  // namespace
}  // namespace twinlog
