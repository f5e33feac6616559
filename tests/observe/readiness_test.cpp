#include "agent/observe/readiness.h"

#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string why(const HealthFacts& facts, WhenFull when_full = WhenFull::kNotReady) {
  return why_not_ready(facts, when_full);
}

TEST(Readiness, NoStoreEverMakesItRed) {
  HealthFacts facts = well_facts();
  EXPECT_EQ(why(facts), "");
  for (StoreFacts& store : facts.stores) {
    let_fail(store, error_of(Reaction::kHold, "42501", "no rights"), 1000);
    let_wait(store, 1'000'000, seconds{86400});
    store.has_courier_ticked = false;
  }
  EXPECT_EQ(why(facts), "");
}

TEST(Readiness, AWriteThatTheDiskHasNotAnsweredForFiveSecondsMakesItRed) {
  HealthFacts facts = well_facts();
  facts.write_age = seconds{5} - milliseconds{1};
  EXPECT_EQ(why(facts), "");
  facts.write_age = seconds{5};
  EXPECT_EQ(why(facts), "the spool's disk has not answered for 5.0 s");
  EXPECT_THAT(judged(facts, "disk").diagnosis, HasSubstr("/var/lib/twinlog/spool has not answered for 5.0 s"));
  EXPECT_THAT(troubled(facts), ElementsAre("disk"));
}

TEST(Readiness, ADiskThatCannotBeLookedAtMakesItRed) {
  HealthFacts facts = well_facts();
  facts.look_age = seconds{7};
  EXPECT_THAT(why(facts), HasSubstr("7.0 s"));
  EXPECT_EQ(judged(facts, "disk").state, HealthState::kFailing);
}

TEST(Readiness, FilesThatWereTakenFromTheSpoolAreNamed) {
  HealthFacts facts = well_facts();
  facts.missing = "CURRENT, MANIFEST-000004";
  EXPECT_EQ(why(facts), "files of the spool in /var/lib/twinlog/spool are gone: CURRENT, MANIFEST-000004");
  EXPECT_THAT(judged(facts, "spool").diagnosis, HasSubstr("CURRENT, MANIFEST-000004"));
  EXPECT_THAT(judged(facts, "spool").action,
              AllOf(HasSubstr("twinlog drain --wait --config"), HasSubstr("cleans up /var/lib/twinlog/spool")));
}

TEST(Readiness, AWayInThatCannotBeFoundOrIsCrowdedMakesItRed) {
  HealthFacts facts = well_facts();
  facts.socket.can_be_found = false;
  EXPECT_THAT(why(facts), HasSubstr("/run/twinlog/events.sock"));
  facts.socket.can_be_found = true;
  facts.http.is_full = true;
  EXPECT_EQ(why(facts), "");
  facts.socket.is_full = true;
  EXPECT_EQ(why(facts), "every connection of senders is taken");
}

TEST(Readiness, AThreadThatStandsStillMakesItRed) {
  HealthFacts facts = well_facts();
  facts.has_intake_ticked = false;
  EXPECT_EQ(why(facts), "the intake thread does not tick");
  facts.has_writer_ticked = false;
  EXPECT_EQ(why(facts), "the spool writer thread does not tick");
}

TEST(Readiness, AFullSpoolMakesItRedUnlessThatIsWanted) {
  HealthFacts facts = well_facts();
  facts.spool.is_full = true;
  EXPECT_EQ(why(facts), "the spool is full: 100 of 1000 bytes; its volume has 5000 bytes left");
  EXPECT_EQ(why(facts, WhenFull::kReady), "");
  facts.spool.writable = false;
  EXPECT_EQ(why(facts, WhenFull::kReady), "the spool's disk refuses writes");
}

}  // namespace
}  // namespace twinlog::testing
