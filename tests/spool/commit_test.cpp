#include <gmock/gmock.h>

#include "ledger/record/canonical.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using testing::kReceivedAt;
using testing::make_event;
using testing::make_events;
using D = Disposition;

class SpoolCommit : public testing::SpoolTest {
 protected:
  SpoolCommit() { open(); }
};

TEST_F(SpoolCommit, AnAcceptedEventIsReadBackWithEverythingTheAgentAdds) {
  const AcceptedEvent event = make_event("e1");
  ASSERT_EQ(offer_one(event), D::kStored);
  const Result<std::vector<Version>> versions = spool().read(0, 10, 1U << 20U);
  ASSERT_TRUE(versions.has_value() && versions->size() == 1);
  const Version expected{.event = event.event,
                         .content_hash = event.content_hash,
                         .received_at = kReceivedAt,
                         .effective_at = event.event.occurred_at,
                         .agent = "auth-1",
                         .epoch_id = spool().identity().epoch_id,
                         .leaf_index = 1};
  EXPECT_EQ(versions->front(), expected);
}

TEST_F(SpoolCommit, AnEventFromTheFutureTakesEffectWhenItIsReceived) {
  AcceptedEvent event = make_event("e1");
  event.event.occurred_at = kReceivedAt + 5;
  event.canonical = canonical_content(event.event);
  event.content_hash = content_hash(event.canonical);
  ASSERT_EQ(offer_one(event), D::kStored);
  EXPECT_EQ(spool().read(0, 1, 1)->front().effective_at, kReceivedAt);
}

TEST_F(SpoolCommit, LeavesCountFromOneDenselyInCommitOrder) {
  ASSERT_THAT(offer({make_event("a"), make_event("b")}), ElementsAre(D::kStored, D::kStored));
  ASSERT_THAT(offer({make_event("a"), make_event("c")}), ElementsAre(D::kDuplicate, D::kStored));
  EXPECT_THAT(leaves_after(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(log_ids_after(0), ElementsAre("a", "b", "c"));
  EXPECT_EQ(spool().last_leaf(), 3U);
}

TEST_F(SpoolCommit, TheAnswersOfSeveralRequestsStandInTheirOrder) {
  const std::vector<AcceptedEvent> first = {make_event("a"), make_event("b")};
  const std::vector<AcceptedEvent> second = {make_event("b"), make_event("a", {.username = "other"})};
  const std::vector<CommitRequest> requests = {{.events = first}, {.events = {}}, {.events = second}};
  const auto answers = spool().commit(requests, kReceivedAt);
  ASSERT_TRUE(answers.has_value());
  EXPECT_THAT(*answers, ElementsAre(ElementsAre(D::kStored, D::kStored), ElementsAre(),
                                    ElementsAre(D::kDuplicate, D::kConflict)));
}

TEST_F(SpoolCommit, ARepeatIsADuplicateAndOtherContentIsAConflictThatIsKept) {
  const AcceptedEvent event = make_event("a");
  const AcceptedEvent other = make_event("a", {.username = "other"});
  EXPECT_EQ(offer_one(event), D::kStored);
  EXPECT_EQ(offer_one(event), D::kDuplicate);
  EXPECT_EQ(offer_one(other), D::kConflict);
  EXPECT_THAT(log_ids_after(0), ElementsAre("a", "a"));
}

TEST_F(SpoolCommit, EveryRememberedVersionOfAKeyMakesADuplicate) {
  std::vector<AcceptedEvent> versions;
  versions.reserve(5);
  for (int i = 0; i < 5; ++i) {
    versions.push_back(make_event("a", {.username = "user" + std::to_string(i)}));
  }
  EXPECT_THAT(offer(versions), ElementsAre(D::kStored, D::kConflict, D::kConflict, D::kConflict, D::kConflict));
  EXPECT_EQ(offer(versions), std::vector<D>(5, D::kDuplicate));
  open();
  EXPECT_EQ(offer(versions), std::vector<D>(5, D::kDuplicate));
}

TEST_F(SpoolCommit, RepeatsWithinOneCallAreSeen) {
  const AcceptedEvent event = make_event("a");
  const AcceptedEvent other = make_event("a", {.username = "other"});
  EXPECT_THAT(offer({event, event, other, event, other}),
              ElementsAre(D::kStored, D::kDuplicate, D::kConflict, D::kDuplicate, D::kDuplicate));
}

TEST_F(SpoolCommit, TheSameLogIdOfAnotherTenantIsAnotherEvent) {
  AcceptedEvent event = make_event("a");
  AcceptedEvent foreign = event;
  foreign.event.tenant_id = "other";
  EXPECT_THAT(offer({event, foreign}), ElementsAre(D::kStored, D::kStored));
}

TEST_F(SpoolCommit, ManyConflictsOfOneKeyStayCheap) {
  // A sender that repeats one log_id for ever: the batch per event must not grow with the versions of the key.
  for (int i = 0; i < 100; ++i) {
    offer_one(make_event("a", {.username = "user" + std::to_string(i)}));
  }
  const std::uint64_t before = spool().stats().disk_bytes;
  EXPECT_EQ(offer_one(make_event("a", {.username = "one more"})), D::kConflict);
  EXPECT_LT(spool().stats().disk_bytes - before, 1000U);
}

TEST_F(SpoolCommit, OneCallIsOneSyncAndDuplicatesNeedNone) {
  const std::uint64_t before = spool().stats().syncs;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(offer_one(make_event("e" + std::to_string(i))), D::kStored);
  }
  EXPECT_EQ(spool().stats().syncs - before, 20U);
  ASSERT_EQ(offer(make_events("f", 500)).size(), 500U);
  EXPECT_EQ(spool().stats().syncs - before, 21U);
  ASSERT_EQ(offer_one(make_event("e1")), D::kDuplicate);
  EXPECT_EQ(spool().stats().syncs - before, 21U);
  EXPECT_EQ(spool().stats().commits, 21U);
}

TEST_F(SpoolCommit, AReadKeepsToItsLimitsAndGivesAtLeastOne) {
  store_many("e", 50, {.filler_bytes = 500});
  EXPECT_EQ(spool().read(0, 7, 1U << 20U)->size(), 7U);
  EXPECT_EQ(spool().read(0, 50, 1)->size(), 1U);
  const std::size_t some = spool().read(10, 50, 5000)->size();
  EXPECT_TRUE(some >= 4 && some <= 8) << some;
  EXPECT_EQ(spool().read(10, 50, 5000)->front().leaf_index, 11U);
  EXPECT_TRUE(spool().read(50, 10, 1000)->empty());
}

}  // namespace
}  // namespace twinlog
