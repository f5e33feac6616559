#include "agent/net/intake/answers.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

ReadOutcome accepted(const std::string& log_id) {
  AcceptedEvent accepted;
  accepted.event.tenant_id = "acme";
  accepted.event.log_id = log_id;
  return accepted;
}

TEST(Answers, ARejectionNamesFieldAndReasonAndEscapesBoth) {
  EXPECT_EQ(rejected_answer({RejectionCause::kMissing, "occurred_at", "is missing"}),
            R"({"status":"rejected","error":{"field":"occurred_at","reason":"is missing"}})");
  EXPECT_EQ(rejected_answer({RejectionCause::kRepeated, "a\"\n\x01", "b\\"}),
            R"({"status":"rejected","error":{"field":"a\"\n\u0001","reason":"b\\"}})");
}

TEST(Answers, ASheetWritesAnswersInTheOrderOfTheEvents) {
  AnswerSheet sheet;
  sheet.add(accepted("1"));
  sheet.add(Rejection{RejectionCause::kNotJson, "", "no"});
  sheet.add(accepted("2"));
  EXPECT_EQ(sheet.take_events().size(), 2U);
  std::string out;
  testing::Zeros zeros;
  sheet.write(out, ",", {Disposition::kConflict, Disposition::kBusy}, zeros);
  EXPECT_EQ(out, R"({"status":"conflict","tenant_id":"acme","log_id":"1"},)"
                 R"({"status":"rejected","error":{"field":"","reason":"no"}},)"
                 R"({"status":"busy","retry_after_ms":500})");
}

TEST(Answers, AnEventWithoutADispositionIsNeverCalledStored) {
  AnswerSheet sheet;
  sheet.add(accepted("1"));
  std::string out;
  testing::Zeros zeros;
  sheet.write(out, "\n", {}, zeros);
  EXPECT_EQ(out, R"({"status":"busy","retry_after_ms":500})");
}

TEST(Answers, HttpErrorsAreJsonWithAReason) {
  EXPECT_EQ(error_body("a \"reason\""), R"({"error":{"reason":"a \"reason\""}})");
  EXPECT_EQ(busy_body("full", 700), R"({"status":"busy","retry_after_ms":700,"error":{"reason":"full"}})");
}

TEST(Answers, TheTimeOfABusyAnswerIsDrawnBetweenHalfASecondAndTwo) {
  SystemRandom random;
  std::set<unsigned> drawn;
  for (int i = 0; i < 20'000; ++i) {
    drawn.insert(draw_retry_after_ms(random));
  }
  EXPECT_GE(*drawn.begin(), 500U);
  EXPECT_LE(*drawn.rbegin(), 2000U);
  EXPECT_GT(drawn.size(), 1000U);
}

}  // namespace
}  // namespace twinlog
