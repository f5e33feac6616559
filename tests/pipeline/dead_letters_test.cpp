// One bad event harms nobody else: it becomes a dead letter of the one store that refuses it.
#include <gmock/gmock.h>

#include "tests/pipeline/rig.h"

namespace twinlog {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Rig;
using ::testing::UnorderedElementsAre;

StoreError refusal(Reaction reaction = Reaction::kPoison) {
  return {.reaction = reaction,
          .code = "23514",
          .constraint = "a_check",
          .words = "the store refuses it",
          .where = StoreStage::kRecords};
}

std::vector<std::string> letters_of(const Rig& rig, StoreId store) {
  std::vector<std::string> ids;
  const Result<std::vector<DeadLetter>> letters = rig.spool->dead_letters(store, 0, 100);
  for (const DeadLetter& letter : *letters) {
    ids.push_back(letter.version.event.log_id);
  }
  return ids;
}

TEST(DeadLetters, TheRestOfTheBatchAndTheOtherStoreGoOnAtOnce) {
  Rig rig;
  rig.postgres.refuse_events({"bad"}, refusal());
  rig.submit("before");
  rig.submit("bad");
  rig.submit("after");
  rig.run_for(1s);
  EXPECT_THAT(rig.postgres.log_ids(), UnorderedElementsAre("after", "before"));
  EXPECT_THAT(rig.mongodb.log_ids(), UnorderedElementsAre("after", "bad", "before"));
  EXPECT_EQ(rig.to_postgres->backlog(), 0U);
  EXPECT_FALSE(rig.to_postgres->status().last_error.has_value());
  EXPECT_EQ(rig.to_postgres->status().dead_letters, 1U);
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), ElementsAre("bad"));
  EXPECT_THAT(letters_of(rig, StoreId::kMongodb), IsEmpty());
  EXPECT_EQ(rig.log.count("dead_letter"), 1U);
  EXPECT_THAT(rig.log.text(), HasSubstr("constraint=a_check"));
  EXPECT_THAT(rig.log.text(), Not(HasSubstr("maria")));
  EXPECT_EQ(rig.submit("bad"), Disposition::kDuplicate);
}

TEST(DeadLetters, AreNotOfferedAgainByARestoredStoreNorByAStart) {
  Rig rig;
  rig.postgres.refuse_events({"bad"}, refusal());
  rig.submit("before");
  rig.submit("bad");
  rig.submit("after");
  rig.run_for(1s);
  rig.postgres.forget_above(0);
  rig.restart();
  rig.run_for(1min);
  EXPECT_THAT(rig.postgres.log_ids(), UnorderedElementsAre("after", "before"));
  EXPECT_EQ(rig.to_postgres->backlog(), 0U);
  EXPECT_EQ(rig.to_postgres->status().dead_letters, 0U) << "it is the letter of before";
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), ElementsAre("bad"));
}

TEST(DeadLetters, OfferedAgainAreTakenOnceTheStoreWouldHaveThem) {
  Rig rig;
  rig.postgres.refuse_events({"bad", "worse"}, refusal());
  rig.submit("bad");
  rig.submit("worse");
  rig.submit("good");
  rig.run_for(1s);
  rig.postgres.refuse_events({"worse"}, refusal());
  const std::vector<std::uint64_t> leaves = {1, 2, 3, 99};
  rig.to_postgres->replay(leaves);
  rig.run_for(2s);
  EXPECT_THAT(rig.postgres.log_ids(), UnorderedElementsAre("bad", "good"));
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), ElementsAre("worse"));
  const ReplayTally tally = rig.to_postgres->status().replay;
  EXPECT_EQ(tally.waiting, 0U);
  EXPECT_EQ(tally.taken, 1U);
  EXPECT_EQ(tally.refused, 1U);
  EXPECT_EQ(rig.postgres.position()->last_leaf, 3U) << "the position stays where it is";
}

TEST(DeadLetters, OfferedAgainWhileTheStoreIsAwayWaitForItAndHoldUpNothing) {
  Rig rig;
  rig.postgres.refuse_events({"bad"}, refusal());
  rig.submit("bad");
  rig.run_for(1s);
  rig.postgres.refuse_events({}, std::nullopt);
  rig.postgres.go_away();
  const std::vector<std::uint64_t> leaves = {1};
  rig.to_postgres->replay(leaves);
  rig.run_for(1min);
  EXPECT_EQ(rig.to_postgres->status().replay.waiting, 1U);
  rig.submit("new");
  rig.postgres.come_back();
  rig.run_for(1min);
  EXPECT_THAT(rig.postgres.log_ids(), UnorderedElementsAre("bad", "new"));
  EXPECT_EQ(rig.to_postgres->status().replay.taken, 1U);
}

TEST(DeadLetters, AnUnknownErrorMakesOneOnlyAfterItHitThatEventAloneTenTimesWhileOthersAreTaken) {
  Rig rig;
  rig.postgres.refuse_events({"odd"}, refusal(Reaction::kRetry));
  rig.submit("odd");
  rig.run_for(30min);
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), IsEmpty()) << "alone it may be the store's fault";
  EXPECT_EQ(rig.to_postgres->backlog(), 1U);
  rig.submit("other");
  rig.run_for(30min);
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), ElementsAre("odd"));
  EXPECT_THAT(rig.postgres.log_ids(), ElementsAre("other"));
  EXPECT_EQ(rig.to_postgres->status().errors.at(static_cast<std::size_t>(Reaction::kRetry)) >= StoreRefusals::kTries,
            true);
}

TEST(DeadLetters, AnUnknownErrorThatGoesAwayMakesNone) {
  Rig rig;
  rig.postgres.refuse_events({"odd"}, refusal(Reaction::kRetry));
  rig.submit("odd");
  rig.submit("other");
  rig.run_for(1s);
  rig.postgres.refuse_events({}, std::nullopt);
  rig.run_for(1min);
  EXPECT_THAT(rig.postgres.log_ids(), UnorderedElementsAre("odd", "other"));
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), IsEmpty());
}

TEST(DeadLetters, BeyondTheirShareHoldTheirStoreLoudlyAndNoOther) {
  RocksSpoolSettings settings;
  settings.dead_letters_max = 1;
  Rig rig(settings);
  rig.postgres.refuse_events({"bad"}, refusal());
  rig.submit("bad");
  rig.run_for(1min);
  EXPECT_THAT(letters_of(rig, StoreId::kPostgres), IsEmpty());
  EXPECT_EQ(rig.to_postgres->backlog(), 1U);
  ASSERT_TRUE(rig.to_postgres->status().last_error.has_value());
  EXPECT_THAT(rig.to_postgres->status().last_error->words, HasSubstr("spool.dead_letters_max"));
  EXPECT_THAT(rig.mongodb.log_ids(), ElementsAre("bad"));
  rig.postgres.refuse_events({}, std::nullopt);
  rig.run_for(1min);
  EXPECT_EQ(rig.to_postgres->backlog(), 0U);
}

}  // namespace
}  // namespace twinlog
