#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

DeadLetterCounts& letters_of(HealthFacts& facts, StoreId store) {
  return facts.spool.dead_letters.at(static_cast<std::size_t>(store));
}

/// PostgreSQL refuses twelve events of three accounts.
HealthFacts with_letters() {
  HealthFacts facts = well_facts();
  facts.spool.dead_letters_max = 100 << 20U;
  letters_of(facts, StoreId::kPostgres) = {
      .letters = 12, .bytes = 3 << 20U, .accounts = 3, .oldest_refused_at = kNow - 90 * kMicrosOfSecond};
  return facts;
}

TEST(HealthDeadLetters, TheStoreThatRefusesEventsIsNamedWithHowManyAccountsDifferAndTheCommandsThatHelp) {
  const HealthFacts facts = with_letters();
  const HealthComponent letters = judged(facts, "dead_letters_postgres");
  EXPECT_EQ(letters.state, HealthState::kDegraded);
  EXPECT_THAT(letters.impact,
              AllOf(HasSubstr("All else is taken and delivered"), HasSubstr("PostgreSQL lacks 12 events"),
                    HasSubstr("state of 3 accounts may differ from that in the other store")));
  EXPECT_THAT(letters.diagnosis,
              AllOf(HasSubstr("the oldest since 2026-09-21T14:11:50Z"), HasSubstr("3.0 MiB of the 100.0 MiB")));
  EXPECT_THAT(letters.action, AllOf(HasSubstr("`twinlog spool dead-letters list --config /etc/twinlog/twinlog.toml`"),
                                    HasSubstr("twinlog spool dead-letters replay --store postgres"),
                                    HasSubstr("twinlog spool dead-letters discard")));
  EXPECT_THAT(troubled(facts), ElementsAre("dead_letters_postgres"));
}

TEST(HealthDeadLetters, WhereItIsKnownTheLastRefusalIsSaidWithCodeAndConstraint) {
  HealthFacts facts = with_letters();
  EXPECT_THAT(judged(facts, "dead_letters_postgres").diagnosis, Not(HasSubstr("The last one")));
  postgres_of(facts).courier.last_refusal = {.reaction = Reaction::kPoison,
                                             .code = "23514",
                                             .constraint = "no_robots",
                                             .words = "PostgreSQL can never take one of these events"};
  EXPECT_THAT(judged(facts, "dead_letters_postgres").diagnosis,
              HasSubstr("The last one: SQLSTATE 23514, constraint no_robots, PostgreSQL can never take"));
}

TEST(HealthDeadLetters, AReplayThatIsUnderWayAndWhatItWasRefusedAreSaid) {
  HealthFacts facts = with_letters();
  postgres_of(facts).courier.replay = {.waiting = 5, .taken = 2, .refused = 4};
  EXPECT_THAT(judged(facts, "dead_letters_postgres").diagnosis,
              AllOf(HasSubstr("5 letters to be offered to it again now"), HasSubstr("it refused 4 once more")));
}

TEST(HealthDeadLetters, AStoreHeldBecauseTheirShareIsUsedUpIsFailingAndTheOnlyOther) {
  HealthFacts facts = with_letters();
  let_wait(postgres_of(facts), 42, kLateAfter + std::chrono::seconds{1});
  let_fail(postgres_of(facts), error_of(Reaction::kHold, "", "the dead letters have used up their share"));
  postgres_of(facts).courier.is_error_ours = postgres_of(facts).courier.is_held_by_letters = true;
  const HealthComponent letters = judged(facts, "dead_letters_postgres");
  EXPECT_EQ(letters.state, HealthState::kFailing);
  EXPECT_THAT(letters.impact, HasSubstr("lacks 42 events"));
  EXPECT_THAT(letters.diagnosis, HasSubstr("Nothing more is delivered to PostgreSQL"));
  EXPECT_THAT(letters.action, HasSubstr("spool.dead_letters_max"));
  EXPECT_THAT(judged(facts, "courier_postgres").action, HasSubstr("component dead_letters_postgres"));
  EXPECT_THAT(troubled(facts), ElementsAre("courier_postgres", "dead_letters_postgres"));
  EXPECT_THAT(judge_health(facts).summary, HasSubstr("dead_letters_postgres: Nothing more is delivered"));
}

TEST(HealthDeadLetters, TheyAreOfOneStoreAlone) {
  HealthFacts facts = with_letters();
  mongodb_of(facts).is_enabled = false;
  EXPECT_EQ(judged(facts, "dead_letters_mongodb").state, HealthState::kOff);
  EXPECT_THAT(judged(facts, "dead_letters_postgres").impact, HasSubstr("may differ from what was taken"));
}

}  // namespace
}  // namespace twinlog::testing
