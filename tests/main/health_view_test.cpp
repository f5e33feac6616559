#include "agent/cli/health_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twinlog {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kPage = R"({"state":"failing","summary":"The spool is full.","agent":"a","version":"1.2.3",
  "phase":"running","started_at":"2026-11-24T10:00:00Z","now":"2026-11-24T11:00:00Z","unknown":[{}],
  "components":[
    {"name":"intake_socket","state":"ok","impact":"","diagnosis":"Listening.","action":""},
    {"name":"intake_http","state":"off","impact":"","diagnosis":"Turned off.","action":""},
    {"name":"spool","state":"failing","impact":"Nothing is taken.","diagnosis":"Full.","action":"Raise max_bytes."},
    {"name":"store_postgres","state":"degraded","impact":"It lags.","diagnosis":"Away.","action":""}],
  "stores":[
    {"name":"postgres","enabled":true,"connected":false,"connected_since":null,"backlog_events":1200,
     "backlog_bytes":1048576,"oldest_unsent_age_seconds":7300.5,"last_error":{"class":"reconnect","code":"","count":3},
     "next_try_in_seconds":2.71,"conflicts":4,"dead_letters":7,"incomplete_since":"2026-11-20T00:00:00Z"},
    {"name":"mongodb","enabled":false,"connected":false,"backlog_events":0}],
  "spool":{"path":"/spool","volume":"ephemeral","size_bytes":1610612736,"max_bytes":2147483648,"records":1300,
    "waiting":1200,"lost_events":3,"full":true,"writable":true,"full_in_seconds":null},
  "warnings":[{"name":"ephemeral_volume","words":"It goes with the pod.","action":"Use a claim."}]})";

std::string text_of(std::string_view page, Colours colours = Colours::kOff) {
  const auto view = read_health(page);
  return view ? health_text(*view, colours) : "no page";
}

TEST(HealthText, BeginsWithTheStateAndItsSentence) {
  EXPECT_THAT(text_of(kPage),
              StartsWith("FAILING   The spool is full.\n          agent a, twinlog 1.2.3, running since "
                         "2026-11-24T10:00:00Z, looked at 2026-11-24T11:00:00Z\n\n"));
}

TEST(HealthText, WhatIsWellIsOneLineAndWhatIsNotHasImpactDiagnosisAndAction) {
  EXPECT_THAT(text_of(kPage), HasSubstr("ok        intake_socket, intake_http (off)\n"
                                        "failing   spool\n"
                                        "          impact     Nothing is taken.\n"
                                        "          diagnosis  Full.\n"
                                        "          action     Raise max_bytes.\n"
                                        "degraded  store_postgres\n"
                                        "          impact     It lags.\n"
                                        "          diagnosis  Away.\n\n"));
}

TEST(HealthText, StoresSpoolAndWarningsFollow) {
  EXPECT_THAT(
      text_of(kPage),
      EndsWith(
          "\nstore     postgres  away, 1200 events waiting (1.0 MiB, the oldest for 2 h), last error: "
          "reconnect, next try in 2.7 s, 4 conflicts since the start, 7 dead letters, may be incomplete since "
          "2026-11-20T00:00:00Z\n"
          "store     mongodb   turned off: there is no second copy\n"
          "spool     1.5 GiB of 2.0 GiB (75 %), 1300 events kept, 1200 waiting, 3 leaves LOST, FULL; ephemeral, in "
          "/spool\n"
          "warning   ephemeral_volume: It goes with the pod.\n"
          "          action     Use a claim.\n"));
}

TEST(HealthText, TimeUntilFullIsSaidWhereTheSpoolGrows) {
  EXPECT_THAT(text_of(R"({"state":"ok","components":[],"spool":{"max_bytes":100,"full_in_seconds":5400}})"),
              HasSubstr("full in 90 min at this rate"));
  EXPECT_THAT(text_of(R"({"state":"ok","components":[],"spool":{"max_bytes":100,"full_in_seconds":null}})"),
              HasSubstr("not growing"));
}

TEST(HealthText, ColoursAreThoseOfTheStates) {
  const std::string text = text_of(kPage, Colours::kOn);
  EXPECT_THAT(text, StartsWith("\x1b[1;31mFAILING\x1b[0m   The spool"));
  EXPECT_THAT(text, HasSubstr("\x1b[1;32mok\x1b[0m        intake"));
  EXPECT_THAT(text, HasSubstr("\x1b[1;33mdegraded\x1b[0m  store_postgres"));
  EXPECT_THAT(text_of(kPage), Not(HasSubstr("\x1b")));
}

TEST(HealthText, NothingOnThePageCanMoveTheCursorOrTurnTextAround) {
  const std::string text =
      text_of(R"({"state":"ok","summary":"a\u001b[2Jb\n\u202ec\u0085","components":[],"spool":{"path":"\u001b"}})");
  EXPECT_THAT(text, StartsWith("OK        a?[2Jb????c??\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(ReadHealth, WhatIsNoHealthPageIsNothing) {
  for (const std::string_view text : {"", "[]", "{}", "ok\n", "{\"state\":1,\"components\":[]}", "{\"state\":\"ok\"}",
                                      "{\"state\":\"ok\",\"components\":[]"}) {
    EXPECT_FALSE(read_health(text)) << text;
  }
}

TEST(ReadHealth, MembersOfOtherTypesArePassedOver) {
  const auto view = read_health(
      R"({"state":"ok","components":[1,{"name":2}],"stores":{"a":1},"spool":[],"warnings":null,"summary":[]})");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->components.size(), 1U);
  EXPECT_TRUE(view->stores.empty());
  EXPECT_TRUE(view->is_ok());
}

}  // namespace
}  // namespace twinlog
