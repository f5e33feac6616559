#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

StoreError login_refused() {
  return {.reaction = Reaction::kHold, .code = "28P01", .constraint = "", .words = "PostgreSQL refused the login"};
}

TEST(HealthStore, OneThatRefusesIsShownWithCodeCountTimesAndWhatWaits) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), login_refused(), 17);
  postgres_of(facts).courier.next_try_at = facts.steady_now + seconds{12};
  let_wait(postgres_of(facts), 42, seconds{30});
  const HealthComponent store = judged(facts, "store_postgres");
  EXPECT_EQ(store.state, HealthState::kDegraded);
  EXPECT_THAT(store.diagnosis,
              AllOf(HasSubstr("PostgreSQL refused the login"), HasSubstr("SQLSTATE 28P01"), HasSubstr("17 failures"),
                    HasSubstr("2026-09-21T14:11:50Z"), HasSubstr("next try in 12 s")));
  EXPECT_THAT(store.impact, AllOf(HasSubstr("lacks 42 events, the oldest for 30 s"),
                                  HasSubstr("the document store gets everything")));
  EXPECT_THAT(store.action, HasSubstr("`twinlog check --stores --config /etc/twinlog/twinlog.toml`"));
  EXPECT_THAT(troubled(facts), ElementsAre("store_postgres"));
}

TEST(HealthStore, OnAVolumeThatGoesWithThePodWhatWaitsIsInDanger) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), login_refused());
  let_wait(postgres_of(facts), 42, seconds{30});
  facts.is_volume_ephemeral = true;
  EXPECT_THAT(judged(facts, "store_postgres").impact, HasSubstr("goes with the pod"));
}

TEST(HealthStore, ItDoesNotSayThatEventsAreTakenWhereNoneIs) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), login_refused());
  EXPECT_THAT(judged(facts, "store_postgres").impact, HasSubstr("still taken"));
  facts.spool.is_full = true;
  EXPECT_THAT(judged(facts, "store_postgres").impact, HasSubstr("No login event is taken"));
}

TEST(HealthStore, AnErrorThatPassesIsNoMatterUntilItDoesNot) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), error_of(Reaction::kRetrySmaller, "40001", "busy"), kPassingFailures - 1);
  EXPECT_TRUE(troubled(facts).empty());
  postgres_of(facts).courier.failures_in_a_row = kPassingFailures;
  EXPECT_THAT(troubled(facts), ElementsAre("store_postgres"));
}

TEST(HealthStore, ASilentOneIsNoticedBeforeItsCallEnds) {
  HealthFacts facts = well_facts();
  mongodb_of(facts).courier.in_store_since = facts.steady_now - kSilentAfter;
  EXPECT_TRUE(troubled(facts).empty());
  mongodb_of(facts).courier.in_store_since = facts.steady_now - kSilentAfter - seconds{1};
  EXPECT_THAT(judged(facts, "store_mongodb").diagnosis, HasSubstr("not answered for 11 s"));
  EXPECT_THAT(troubled(facts), ElementsAre("store_mongodb"));
}

TEST(HealthStore, OneThatForgotMoreThanTheSpoolHasIsIncomplete) {
  HealthFacts facts = well_facts();
  mongodb_of(facts).incomplete_since = kNow - 86'400 * kMicrosOfSecond;
  const HealthComponent store = judged(facts, "store_mongodb");
  EXPECT_EQ(store.state, HealthState::kDegraded);
  EXPECT_THAT(store.diagnosis, HasSubstr("since 2026-09-20T14:13:20Z"));
  EXPECT_THAT(store.action, AllOf(HasSubstr("from PostgreSQL"), HasSubstr("spool.keep_delivered")));
}

TEST(HealthStore, OneThatRefusesWhatStandsBesideTheRecordsNamesTheConstraintAndWhereToLook) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), {.reaction = Reaction::kHold,
                                .code = "23514",
                                .constraint = "no_robots",
                                .words = "PostgreSQL refuses an account's state",
                                .where = StoreStage::kAccounts});
  EXPECT_THAT(judged(facts, "store_postgres").diagnosis, HasSubstr("constraint no_robots"));
  EXPECT_THAT(judged(facts, "store_postgres").action, HasSubstr("\\d account_lockouts"));
}

TEST(HealthCourier, ItIsLateWhenTheOldestEventWaitsTooLong) {
  HealthFacts facts = well_facts();
  let_wait(postgres_of(facts), 7, kLateAfter);
  EXPECT_TRUE(troubled(facts).empty());
  let_wait(postgres_of(facts), 7, kLateAfter + seconds{1});
  const HealthComponent courier = judged(facts, "courier_postgres");
  EXPECT_EQ(courier.state, HealthState::kDegraded);
  EXPECT_THAT(courier.diagnosis, HasSubstr("Late, but delivering: 7 events, the oldest for 61 s"));
  EXPECT_THAT(courier.action, HasSubstr("stores.postgres.batch_events"));
}

TEST(HealthCourier, OneThatWaitsForItsStorePointsThere) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), login_refused());
  let_wait(postgres_of(facts), 7, kLateAfter + seconds{1});
  EXPECT_THAT(judged(facts, "courier_postgres").diagnosis, HasSubstr("Waits for PostgreSQL"));
  EXPECT_THAT(judged(facts, "courier_postgres").action, HasSubstr("store_postgres"));
}

TEST(HealthCourier, AThreadThatStandsStillIsFailing) {
  HealthFacts facts = well_facts();
  mongodb_of(facts).has_courier_ticked = false;
  EXPECT_EQ(judged(facts, "courier_mongodb").state, HealthState::kFailing);
  EXPECT_THAT(troubled(facts), ElementsAre("courier_mongodb"));
}

TEST(HealthCourier, ASpoolThatCannotBeReadIsNotTheStoresFault) {
  HealthFacts facts = well_facts();
  let_fail(postgres_of(facts), error_of(Reaction::kRetry, "", "the spool cannot be read: event 5 is damaged"));
  postgres_of(facts).courier.is_error_ours = true;
  EXPECT_THAT(judged(facts, "courier_postgres").diagnosis, HasSubstr("event 5 is damaged"));
  EXPECT_THAT(troubled(facts), ElementsAre("courier_postgres"));
}

TEST(HealthCourier, APositionAheadSpeaksOfACopiedSpool) {
  HealthFacts facts = well_facts();
  postgres_of(facts).courier.is_position_ahead = true;
  EXPECT_THAT(judged(facts, "courier_postgres").diagnosis, HasSubstr("copy"));
  EXPECT_THAT(judged(facts, "courier_postgres").action, HasSubstr("twinlog_agents"));
  EXPECT_THAT(troubled(facts), ElementsAre("courier_postgres"));
}

}  // namespace
}  // namespace twinlog::testing
