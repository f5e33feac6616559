// The report as a whole: order, the worst state, what stands apart, and what every component owes its reader.
#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Health, AWellAgentHasNothingToComplainOf) {
  const HealthReport report = judge_health(well_facts());
  EXPECT_EQ(report.state, HealthState::kOk);
  EXPECT_THAT(report.warnings, IsEmpty());
  for (const HealthComponent& each : report.components) {
    EXPECT_EQ(each.state, HealthState::kOk) << each.name;
    EXPECT_EQ(each.impact, "") << each.name;
    EXPECT_EQ(each.action, "") << each.name;
    EXPECT_NE(each.diagnosis, "") << each.name;
  }
}

TEST(Health, TheComponentsStandInOneOrderWhateverTheState) {
  for (const Phase phase : {Phase::kStarting, Phase::kRunning, Phase::kStopping}) {
    HealthFacts facts = well_facts();
    facts.phase = phase;
    std::vector<std::string> names;
    for (const HealthComponent& each : judge_health(facts).components) {
      names.push_back(each.name);
    }
    EXPECT_THAT(names, ElementsAre("intake_socket", "intake_http", "spool", "disk", "store_postgres", "store_mongodb",
                                   "courier_postgres", "courier_mongodb", "dead_letters_postgres",
                                   "dead_letters_mongodb", "clock", "ledger"));
  }
}

TEST(Health, TheOverallStateIsTheWorst) {
  HealthFacts facts = well_facts();
  let_fail(mongodb_of(facts), error_of(Reaction::kHold, "13", "no right"));
  EXPECT_EQ(judge_health(facts).state, HealthState::kDegraded);
  facts.socket.can_be_found = false;
  EXPECT_EQ(judge_health(facts).state, HealthState::kFailing);
}

TEST(Health, WhatIsTurnedOffCountsAsOk) {
  HealthFacts facts = well_facts();
  facts.http = {};
  mongodb_of(facts) = {};
  mongodb_of(facts).is_enabled = false;
  const HealthReport report = judge_health(facts);
  EXPECT_EQ(report.state, HealthState::kOk);
  for (const char* const name : {"intake_http", "store_mongodb", "courier_mongodb", "dead_letters_mongodb"}) {
    EXPECT_EQ(component(report, name).state, HealthState::kOff) << name;
  }
}

TEST(Health, WarningsStandApartAndChangeNothing) {
  HealthFacts facts = well_facts();
  facts.is_volume_ephemeral = true;
  facts.known.spool_max_bytes = 2000;
  facts.wanted_connections = 200;
  postgres_of(facts).courier.conflicts = 1;
  mongodb_of(facts).is_enabled = false;
  EXPECT_THAT(warnings_of(facts), ElementsAre("store_disabled", "spool_volume_ephemeral", "spool_volume_small",
                                              "few_open_files", "conflicts"));
  EXPECT_THAT(troubled(facts), IsEmpty());
  for (const HealthWarning& warning : judge_health(facts).warnings) {
    EXPECT_NE(warning.words, "") << warning.name;
    EXPECT_NE(warning.action, "") << warning.name;
  }
}

TEST(Health, TheSummaryNamesTheCauseAndCountsTheRest) {
  HealthFacts facts = well_facts();
  facts.spool.writable = false;
  facts.spool.is_volume_full = true;
  facts.spool.trouble = "the volume is full";
  const std::string summary = judge_health(facts).summary;
  EXPECT_TRUE(summary.starts_with("disk: ")) << summary;
  EXPECT_THAT(summary, HasSubstr("1 other component failing, too"));
}

TEST(Health, AnAgentThatStartsSaysSoAndTakesNothing) {
  HealthFacts facts;
  facts.known = well_facts().known;
  facts.socket = {.is_on = true, .address = "/run/twinlog/events.sock"};
  const HealthReport report = judge_health(facts);
  EXPECT_EQ(report.state, HealthState::kFailing);
  EXPECT_THAT(report.summary, HasSubstr("Starting"));
  EXPECT_THAT(troubled(facts), ElementsAre("intake_socket", "spool"));
}

TEST(Health, AnAgentThatStopsSaysSo) {
  HealthFacts facts = well_facts();
  facts.phase = Phase::kStopping;
  EXPECT_THAT(judge_health(facts).summary, HasSubstr("Stopping"));
  EXPECT_THAT(troubled(facts), ElementsAre("intake_socket", "intake_http"));
}

}  // namespace
}  // namespace twinlog::testing
