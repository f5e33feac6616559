// When trees begin and end, and what their first and last leaves say.
#include <gmock/gmock.h>

#include "ledger/note/origin.h"
#include "ledger/record/canonical.h"
#include "tests/notary/notary_fixture.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class NotaryEpochs : public NotaryTest {
 protected:
  /// The newest two trees: the first closed for one reason and followed by the second for another.
  void expect_followed(CloseReason closed, OpenReason opened) {
    const std::vector<GivenTree> all = trees();
    ASSERT_GE(all.size(), 2U);
    const GivenTree& first = all[all.size() - 2];
    const GivenTree& second = all.back();
    const std::uint64_t size = first.hashes.size();
    ASSERT_EQ(first.own_types().back(), LeafType::kClose);
    EXPECT_EQ(first.content<CloseLeaf>(size - 1).reason, closed);
    EXPECT_TRUE(first.is_closed);
    ASSERT_FALSE(first.notes.empty());
    EXPECT_EQ(first.notes.back().size, size);
    const auto& open = second.content<OpenLeaf>(0);
    EXPECT_EQ(open.reason, opened);
    EXPECT_EQ(open.previous, first.epoch.id);
    EXPECT_EQ(open.previous_tree, (PreviousTree{size, first.notes.back().root}));
    EXPECT_NE(open.verifier_key, first.content<OpenLeaf>(0).verifier_key);
  }
};

TEST_F(NotaryEpochs, TheFirstOfASpoolSaysSoAndIsSignedByBothKeys) {
  start();
  const std::vector<GivenTree> all = trees();
  ASSERT_EQ(all.size(), 1U);
  const auto& open = all[0].content<OpenLeaf>(0);
  EXPECT_EQ(open.reason, OpenReason::kFirst);
  EXPECT_EQ(open.previous, std::nullopt);
  EXPECT_EQ(open.origin, "audit.example.com/twinlog/auth-1/" + uuid_text(all[0].epoch.id));
  EXPECT_EQ(open.agent, notary_settings_.facts);
  EXPECT_EQ(open.due, all[0].own.at(0).header.accept_at + 600'000'000);
  const auto note = parse_checkpoint(all[0].beginning->note);
  const SigningKey enrolment = throw_away_key(notary_settings_.origin, spool().identity());
  EXPECT_EQ(signed_by(note->note, enrolment.verifier()), SignedBy::kYes);
  EXPECT_EQ(log_.count("checkpoint"), 1U);
  EXPECT_NE(log_.text().find("ledger_key: " + verifier_key_text(enrolment.verifier())), std::string::npos);
  EXPECT_EQ(log_.count("ledger_key_throw_away"), 1U);
  EXPECT_EQ(notary().status().newest_note, all[0].beginning->note);
}

TEST_F(NotaryEpochs, AStopLeavesASignedCloseAndTheNextStartNamesIt) {
  start();
  commit(make_events("event-", 3));
  notary().close();
  EXPECT_TRUE(commit({make_event("late")}).empty());  // Behind CLOSE nothing is taken.
  start();
  expect_followed(CloseReason::kStop, OpenReason::kRestart);
}

TEST_F(NotaryEpochs, AfterACrashTheNextStartNamesWhatTheSpoolHolds) {
  start();
  commit(make_events("event-", 3));
  const TreeState crashed = spool().tree();
  stop();
  start();
  const std::vector<GivenTree> all = trees();
  ASSERT_EQ(all.size(), 2U);
  const auto& open = all[1].content<OpenLeaf>(0);
  EXPECT_EQ(open.reason, OpenReason::kRestart);
  EXPECT_EQ(open.previous, crashed.epoch_id);
  EXPECT_EQ(open.previous_tree, (PreviousTree{4, crashed.root}));
  EXPECT_TRUE(all[0].is_closed);
}

TEST_F(NotaryEpochs, ATreeEndsWithItsDayOnAClockThatGoesOnWhileTheMachineSleeps) {
  start();
  run_for(1h);
  EXPECT_EQ(notary().status().epochs.at(2), 0U);
  slept_ = 23h;
  run_for(1s);
  EXPECT_EQ(notary().status().epochs.at(2), 1U);
  expect_followed(CloseReason::kRollOver, OpenReason::kRollOver);
}

TEST_F(NotaryEpochs, ATreeEndsWithItsLeaves) {
  notary_settings_.most_leaves = 10;
  start();
  commit(make_events("event-", 9));
  commit({make_event("one-more")});
  expect_followed(CloseReason::kRollOver, OpenReason::kRollOver);
  EXPECT_EQ(trees().front().hashes.size(), 11U);
}

TEST_F(NotaryEpochs, ATreeEndsWithItsTenants) {
  notary_settings_.most_tenants = 2;
  start();
  AcceptedEvent other = make_event("other");
  other.event.tenant_id = "globex";
  other.canonical = canonical_content(other.event);
  other.content_hash = content_hash(other.canonical);
  commit({make_event("one"), other});
  run_for(1s);
  expect_followed(CloseReason::kRollOver, OpenReason::kRollOver);
}

TEST_F(NotaryEpochs, AStoreThatIsAheadBeginsAnother) {
  start();
  commit(make_events("event-", 3));
  notary().begin_another();
  run_for(1s);
  expect_followed(CloseReason::kStoreAhead, OpenReason::kStoreAhead);
  run_for(1min);
  EXPECT_EQ(notary().status().epochs.at(4), 1U);
}

TEST_F(NotaryEpochs, AClockUpToTenSecondsBackIsClampedAndTellsNothing) {
  start();
  commit({make_event("one")});
  const UtcMicros before = spool().tree().last_accept_at;
  wall_.leap(-9s);
  EXPECT_THAT(commit({make_event("two")}), ElementsAre(Disposition::kStored));
  EXPECT_EQ(spool().tree().last_accept_at, before);
  EXPECT_EQ(trees().size(), 1U);
}

TEST_F(NotaryEpochs, AClockThatIsFurtherBackBeginsAnotherBeforeTheBatchAndOnce) {
  start();
  commit({make_event("one")});
  wall_.leap(-1h);
  EXPECT_THAT(commit({make_event("two")}), ElementsAre(Disposition::kStored));
  expect_followed(CloseReason::kClock, OpenReason::kClock);
  EXPECT_EQ(trees().front().hashes.size(), 3U);
  for (int i = 0; i < 20; ++i) {
    clock_.advance(1s);
    commit({make_event("later-" + std::to_string(i))});
  }
  EXPECT_EQ(notary().status().epochs.at(5), 1U);
  wall_.leap(-1h);
  commit({make_event("again")});
  EXPECT_EQ(notary().status().epochs.at(5), 2U);
}

TEST_F(NotaryEpochs, NoKeyIsEverWrittenAndEachTreeHasItsOwn) {
  start();
  notary().close();
  start();
  const std::vector<GivenTree> all = trees();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all[0].content<OpenLeaf>(0).verifier_key, all[1].content<OpenLeaf>(0).verifier_key);
  EXPECT_EQ(epoch_of_origin(all[1].beginning->origin), all[1].epoch.id);
}

}  // namespace
}  // namespace twinlog::testing
