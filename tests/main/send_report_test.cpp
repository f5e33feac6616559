#include "agent/cli/send_report.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace twinlog {
namespace {

using std::chrono::milliseconds;

TEST(SendReport, ASmoothRunIsTwoLines) {
  SendSummary summary;
  summary.counts.lines = 3;
  summary.counts.stored = 2;
  summary.counts.duplicate = 1;
  summary.socket = "/run/x.sock";
  summary.time = milliseconds{1500};
  EXPECT_EQ(summary_text(summary),
            "3 lines in 1.5 s (2/s) through /run/x.sock\n"
            "stored 2, duplicate 1, conflict 0, rejected 0\n");
}

TEST(SendReport, TroubleIsNamedWithLinesReasonsAndWhatToDo) {
  SendSummary summary;
  summary.counts.lines = 9;
  summary.counts.rejected = 2;
  summary.counts.rejections = {{4, "occurred_at", "is \x1b[31m missing"}};
  summary.counts.busy = 5;
  summary.counts.lost_connections = 1;
  summary.counts.sent_again = 3;
  summary.counts.sent_again_without_log_id = 1;
  summary.unanswered = 1;
  summary.implausible = 2;
  summary.resume_at = 8;
  const std::string text = summary_text(summary);
  EXPECT_NE(text.find("rejected line 4: occurred_at: is ?[31m missing\nand 1 line more rejected\n"), std::string::npos);
  EXPECT_NE(text.find("busy answers 5 "), std::string::npos);
  EXPECT_NE(text.find("lost connections 1 (3 lines sent again)"), std::string::npos);
  EXPECT_NE(text.find("warning: 1 line without a log_id"), std::string::npos);
  EXPECT_NE(text.find("without an answer: 1 line\n"), std::string::npos);
  EXPECT_NE(text.find("warning: 2 lines say a time before the year 2000"), std::string::npos);
  EXPECT_NE(text.find("go on from line 8 "), std::string::npos);
}

TEST(SendReport, ProgressSaysHowFarAndWhyItWaits) {
  SendProgress progress;
  progress.answered = 500;
  progress.time = milliseconds{250};
  EXPECT_EQ(progress_text(progress), "500 answered, 2000/s");
  progress.percent = 45;
  progress.rejected = 1;
  progress.state = SendProgress::State::kAgentBusy;
  EXPECT_EQ(progress_text(progress), "500 answered, 2000/s, 45 % read, 1 rejected, waiting: the agent is busy");
}

TEST(SendReport, EveryConnectProblemNamesTheSocket) {
  for (const int error : {ENOENT, ECONNREFUSED, EACCES, EMFILE}) {
    EXPECT_NE(connect_problem("/run/x.sock", error).find("/run/x.sock"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace twinlog
