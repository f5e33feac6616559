#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HealthIntake, ASocketFileThatIsGoneLocksNewSendersOut) {
  HealthFacts facts = well_facts();
  facts.socket.can_be_found = false;
  facts.socket.connections = 3;
  const HealthComponent socket = judged(facts, "intake_socket");
  EXPECT_EQ(socket.state, HealthState::kFailing);
  EXPECT_THAT(socket.diagnosis, AllOf(HasSubstr("/run/twinlog/events.sock"), HasSubstr("3 senders")));
  EXPECT_THAT(socket.impact, HasSubstr("127.0.0.1:8840"));
  EXPECT_THAT(socket.action, HasSubstr("systemctl restart twinlog"));
  EXPECT_THAT(troubled(facts), ElementsAre("intake_socket"));
}

TEST(HealthIntake, AThreadThatStandsStillTakesNothing) {
  HealthFacts facts = well_facts();
  facts.has_intake_ticked = false;
  EXPECT_THAT(troubled(facts), ElementsAre("intake_socket", "intake_http"));
  EXPECT_EQ(judge_health(facts).state, HealthState::kFailing);
}

TEST(HealthIntake, ConnectionsUsedUpMakeFurtherSendersOfThatWayWait) {
  HealthFacts facts = well_facts();
  facts.http.is_full = true;
  EXPECT_THAT(troubled(facts), ElementsAre("intake_http"));
  EXPECT_EQ(judged(facts, "intake_http").state, HealthState::kDegraded);
  EXPECT_THAT(judged(facts, "intake_http").action, Not(HasSubstr("LimitNOFILE")));
  facts.wanted_connections = 200;
  EXPECT_THAT(judged(facts, "intake_http").action, HasSubstr("LimitNOFILE"));
}

TEST(HealthIntake, ATokenThatCannotBeReadLetsNobodyInOverHttp) {
  HealthFacts facts = well_facts();
  facts.http.token_trouble = "the file /etc/token cannot be read";
  EXPECT_THAT(troubled(facts), ElementsAre("intake_http"));
  EXPECT_EQ(judged(facts, "intake_http").diagnosis, "The file /etc/token cannot be read.");
  EXPECT_THAT(judged(facts, "intake_http").action, HasSubstr("intake.http.bearer_token_file"));
}

TEST(HealthIntake, WhatWasCutIsCounted) {
  HealthFacts facts = well_facts();
  facts.http.cut = 2;
  const HealthComponent http = judged(facts, "intake_http");
  EXPECT_EQ(http.state, HealthState::kOk);
  EXPECT_THAT(http.diagnosis, HasSubstr("2 connections cut"));
}

TEST(HealthIntake, AWayOnWhichMostIsRefusedIsDegradedAndSaysWhatAndWhatHelps) {
  HealthFacts facts = well_facts();
  facts.socket.lately = {.taken = 999, .refused = 1000, .most_often = kRejectionCauses, .times = 1000};
  const HealthComponent socket = judged(facts, "intake_socket");
  EXPECT_EQ(socket.state, HealthState::kDegraded);
  EXPECT_THAT(socket.diagnosis, AllOf(HasSubstr("1,000 of 1,999"), HasSubstr("tenant_id missing")));
  EXPECT_THAT(socket.action, HasSubstr("agent.default_tenant"));
  EXPECT_THAT(troubled(facts), ElementsAre("intake_socket"));
  facts.socket.lately.taken = 1000;
  EXPECT_TRUE(troubled(facts).empty());
}

TEST(HealthIntake, ImplausibleTimesAreAWarning) {
  HealthFacts facts = well_facts();
  facts.implausible_times = 12;
  EXPECT_THAT(warnings_of(facts), ElementsAre("implausible_times"));
}

TEST(HealthIntake, AFolderThatEverybodyMayWriteToIsAWarning) {
  HealthFacts facts = well_facts();
  facts.open_folders = {"/shared"};
  EXPECT_THAT(warnings_of(facts), ElementsAre("socket_folder_open"));
}

}  // namespace
}  // namespace twinlog::testing
