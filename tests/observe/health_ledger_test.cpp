#include "agent/observe/health.h"
#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

AuditStatus audit_of(std::uint64_t modified, std::uint64_t missing) {
  AuditStatus audit;
  audit.checked = 16;
  audit.modified = modified;
  audit.missing = missing;
  return audit;
}

TEST(HealthLedger, AnAuditThatFoundNothingIsWell) {
  HealthFacts facts = well_facts();
  facts.stores[0].audit = audit_of(0, 0);
  EXPECT_EQ(judged(facts, "ledger").state, HealthState::kOk);
}

TEST(HealthLedger, WhatTheSelfAuditFoundIsTroubleThatNamesStoreAndCount) {
  HealthFacts facts = well_facts();
  facts.stores[1].audit = audit_of(2, 1);
  const HealthComponent ledger = judged(facts, "ledger");
  EXPECT_EQ(ledger.state, HealthState::kDegraded);
  EXPECT_THAT(ledger.diagnosis, AllOf(HasSubstr("2 records changed"), HasSubstr("1 record gone")));
  EXPECT_THAT(ledger.action, HasSubstr("verify"));
  EXPECT_THAT(troubled(facts), ElementsAre("ledger"));
}

TEST(HealthLedger, WithoutAnEpochNothingIsTakenAndTheReasonIsSaid) {
  HealthFacts facts = well_facts();
  EXPECT_THAT(health_json(facts, judge_health(facts)), HasSubstr("\"epoch_id\":\"07070707-"));
  facts.epoch_id = {};
  facts.ledger.has_epoch = false;
  facts.ledger.trouble = "no epoch of the ledger could be begun: no space left";
  const HealthComponent ledger = judged(facts, "ledger");
  EXPECT_EQ(ledger.state, HealthState::kFailing);
  EXPECT_THAT(ledger.impact, HasSubstr("refused"));
  EXPECT_THAT(ledger.diagnosis, HasSubstr("No epoch of the ledger could be begun: no space left"));
  EXPECT_THAT(health_json(facts, judge_health(facts)), HasSubstr("\"epoch_id\":\"\""));
}

}  // namespace
}  // namespace twinlog::testing
