#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HealthSpool, AFullOneSaysWhatItWaitsForAndWhichSettingHelps) {
  HealthFacts facts = well_facts();
  facts.spool.is_full = facts.spool.takes_only_base_types = true;
  facts.spool.disk_bytes = 950;
  let_wait(postgres_of(facts), 12'345, seconds{10});
  const HealthComponent spool = judged(facts, "spool");
  EXPECT_EQ(spool.state, HealthState::kFailing);
  EXPECT_THAT(spool.diagnosis, AllOf(HasSubstr("950 bytes of 1,000 bytes"), HasSubstr("PostgreSQL (12,345 events)")));
  EXPECT_THAT(spool.action, AllOf(HasSubstr("spool.max_bytes"), HasSubstr("/etc/twinlog/twinlog.toml")));
  EXPECT_THAT(spool.impact, HasSubstr("`busy`"));
  EXPECT_THAT(troubled(facts), ElementsAre("spool"));
}

TEST(HealthSpool, AboveNineTenthsOnlyTheBaseTypesAreTaken) {
  HealthFacts facts = well_facts();
  facts.spool.takes_only_base_types = true;
  const HealthComponent spool = judged(facts, "spool");
  EXPECT_EQ(spool.state, HealthState::kDegraded);
  EXPECT_THAT(spool.diagnosis, HasSubstr("90 %"));
  EXPECT_THAT(troubled(facts), ElementsAre("spool"));
}

TEST(HealthSpool, OneThatFillsWhileAStoreIsLateIsNearItsLimit) {
  HealthFacts facts = well_facts();
  facts.spool.full_in = seconds{600};
  EXPECT_EQ(judged(facts, "spool").state, HealthState::kOk);
  let_wait(mongodb_of(facts), 5, kLateAfter + seconds{1});
  EXPECT_EQ(judged(facts, "spool").state, HealthState::kDegraded);
  EXPECT_THAT(judged(facts, "spool").diagnosis, HasSubstr("full in 10 min"));
  facts.spool.full_in = kFullSoon + seconds{1};
  EXPECT_EQ(judged(facts, "spool").state, HealthState::kOk);
}

TEST(HealthSpool, AFullVolumeIsTheDisksMatter) {
  HealthFacts facts = well_facts();
  facts.spool.writable = false;
  facts.spool.is_volume_full = true;
  facts.spool.volume_free_bytes = 0;
  facts.spool.trouble = "the volume of the spool in /var/lib/twinlog/spool is full";
  const HealthComponent disk = judged(facts, "disk");
  EXPECT_EQ(disk.state, HealthState::kFailing);
  EXPECT_THAT(disk.diagnosis, HasSubstr("0 bytes free on the volume of /var/lib/twinlog/spool"));
  EXPECT_THAT(disk.action, HasSubstr("df -h /var/lib/twinlog/spool"));
  EXPECT_THAT(troubled(facts), ElementsAre("spool", "disk"));
}

TEST(HealthSpool, WithoutBallastNothingIsTakenThoughItIsWritable) {
  HealthFacts facts = well_facts();
  facts.spool.has_ballast = false;
  facts.spool.is_full = facts.spool.takes_only_base_types = facts.spool.is_volume_full = true;
  facts.spool.trouble = "the volume has 1000 bytes left and nothing is taken below 2000";
  EXPECT_EQ(judged(facts, "disk").state, HealthState::kFailing);
  EXPECT_THAT(judged(facts, "spool").diagnosis, HasSubstr("nothing is taken below 2000"));
}

TEST(HealthSpool, AVolumeThatOthersFillIsNamedBeforeTheSetting) {
  HealthFacts facts = well_facts();
  facts.spool.limit_bytes = 500;
  facts.spool.takes_only_base_types = true;
  EXPECT_EQ(judged(facts, "disk").state, HealthState::kDegraded);
  EXPECT_THAT(judged(facts, "spool").action, HasSubstr("component disk"));
}

TEST(HealthSpool, ADiskThatRefusesWritesIsSaidWithItsReason) {
  HealthFacts facts = well_facts();
  facts.spool.writable = false;
  facts.spool.trouble = "IO error: Input/output error";
  EXPECT_THAT(judged(facts, "disk").diagnosis, HasSubstr("Input/output error"));
  EXPECT_THAT(judged(facts, "disk").action, AllOf(HasSubstr("dmesg"), HasSubstr("findmnt")));
  EXPECT_THAT(troubled(facts), ElementsAre("spool", "disk"));
}

TEST(HealthSpool, LostPromisesAreNamedUntilSomebodyAcknowledgesThem) {
  HealthFacts facts = well_facts();
  facts.spool.losses = {{.leaves = {5, 7}, .found_at = 3'000'000, .from = 1'000'000, .until = 2'000'000},
                        {.leaves = {9, 9}}};
  EXPECT_EQ(judged(facts, "spool").state, HealthState::kDegraded);
  EXPECT_THAT(judged(facts, "spool").impact, HasSubstr("4 leaves"));
  EXPECT_THAT(judged(facts, "spool").diagnosis, AllOf(HasSubstr("5-7 (accepted between"), HasSubstr("9-9")));
  EXPECT_THAT(judged(facts, "spool").action, HasSubstr("spool acknowledge 5-7 --reason"));
  EXPECT_THAT(troubled(facts), ElementsAre("spool"));
}

TEST(HealthSpool, ALossThatSomebodyAcknowledgedIsToldAndNoTrouble) {
  HealthFacts facts = well_facts();
  facts.spool.acknowledged = {{{.leaves = {5, 7}}, {1, "maria", "disk"}}};
  EXPECT_TRUE(troubled(facts).empty());
  EXPECT_THAT(judged(facts, "spool").diagnosis,
              AllOf(HasSubstr("3 leaves are on record as lost"), Not(HasSubstr("maria"))));
}

TEST(HealthSpool, ALossOfOneStoreAloneNamesIt) {
  HealthFacts facts = well_facts();
  facts.spool.losses = {{.leaves = {5, 7}, .stores = bit_of(StoreId::kMongodb)}};
  EXPECT_THAT(judged(facts, "spool").diagnosis, HasSubstr("5-7 (dead letters of the document store alone, accepted"));
}

TEST(HealthSpool, OfManyLossesTheFirstAreNamedAndTheRestCounted) {
  HealthFacts facts = well_facts();
  for (std::uint64_t leaf = 1; leaf <= 9; leaf += 2) {
    facts.spool.losses.push_back({.leaves = {leaf, leaf}});
  }
  EXPECT_THAT(judged(facts, "spool").impact, HasSubstr("5 leaves"));
  EXPECT_THAT(judged(facts, "spool").diagnosis, AllOf(HasSubstr("3-3"), HasSubstr("and 3 more (`twinlog spool check")));
  EXPECT_THAT(judged(facts, "spool").diagnosis, Not(HasSubstr("5-5")));
}

TEST(HealthSpool, FilesThatAnOpeningFoundDamagedAreToldOfUntilSomebodyTakesThemAway) {
  HealthFacts facts = well_facts();
  facts.spool.damaged_copies = 2;
  facts.spool.damaged_bytes = 3U << 20U;
  const HealthComponent spool = judged(facts, "spool");
  EXPECT_EQ(spool.state, HealthState::kDegraded);
  EXPECT_THAT(spool.impact, HasSubstr("may not be provable"));
  EXPECT_THAT(spool.diagnosis, HasSubstr("2 folders `damaged-*` in /var/lib/twinlog/spool, which take 3"));
  EXPECT_THAT(spool.action, AllOf(HasSubstr("spool_damaged"), HasSubstr("smartctl"), HasSubstr("mv ")));
  facts.spool.damaged_copies = 0;
  EXPECT_TRUE(troubled(facts).empty());
}

TEST(HealthSpool, ADamagedMemoryOfIdsIsSaidAndLosesNothing) {
  HealthFacts facts = well_facts();
  facts.spool.unreadable_ids = 3;
  EXPECT_EQ(judged(facts, "spool").state, HealthState::kDegraded);
  EXPECT_THAT(judged(facts, "spool").diagnosis, HasSubstr("3 ids could not be read"));
  EXPECT_THAT(judged(facts, "spool").impact, HasSubstr("nothing is lost"));
  facts.spool.forgotten_ids = 1;
  EXPECT_THAT(judged(facts, "spool").diagnosis, HasSubstr("begun anew"));
  EXPECT_THAT(judged(facts, "spool").action, HasSubstr("smartctl"));
  EXPECT_THAT(troubled(facts), ElementsAre("spool"));
}

TEST(HealthSpool, AWriterThatStandsStillAnswersNobody) {
  HealthFacts facts = well_facts();
  facts.has_writer_ticked = false;
  EXPECT_EQ(judged(facts, "spool").state, HealthState::kFailing);
  EXPECT_THAT(troubled(facts), ElementsAre("spool"));
}

}  // namespace
}  // namespace twinlog::testing
