// Epochs of the ledger in a spool: what is committed, carried to stores, and known again after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/leaf/event_leaf.h"
#include "ledger/tree/merkle.h"
#include "tests/spool/epoch_fixture.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using testing::epoch_id;
using testing::kReceivedAt;
using testing::make_event;

class SpoolEpochs : public testing::WithLedger<testing::SpoolTest> {
 protected:
  void SetUp() override { open(); }
};

TEST_F(SpoolEpochs, EveryVersionGetsALeafThatCanBeMadeAgainFromIt) {
  begin(1);
  store_many("a", 3);
  const SpoolBatch batch = spool().read_batch(0, 100, 1U << 20U).value();
  ASSERT_EQ(batch.versions.size(), 3U);
  ASSERT_EQ(batch.ledger.tiles.size(), 1U);
  for (const Version& version : batch.versions) {
    EXPECT_EQ(version.epoch_id, epoch_id(1));
    EXPECT_EQ(batch.ledger.tiles.front().hashes.at(version.leaf_index), leaf_hash(event_leaf(version)));
  }
  EXPECT_EQ(batch.versions.back().ledger->tenant_seq, 2U);
  EXPECT_NE(batch.versions[0].ledger->record_key, batch.versions[1].ledger->record_key);
}

TEST_F(SpoolEpochs, TheTreeOfTheBatchesIsTheOneThatWasCommittedHoweverTheyAreCut) {
  begin(1);
  store_many("a", 150);
  const TreeState beaten = beat().value();
  ASSERT_TRUE(sign(beaten).ok());
  store_many("b", 20);
  const TreeState closed = close_epoch().value();
  ASSERT_TRUE(sign(closed).ok());
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    const auto epochs = testing::carried(batches_after(0, most));
    const testing::CarriedEpoch& epoch = epochs.at(epoch_id(1));
    EXPECT_EQ(epoch.frontier.root(), closed.root);
    EXPECT_EQ(epoch.log_ids.size(), 170U);
    EXPECT_EQ(epoch.notes.at(beaten.size), beaten.root);
    EXPECT_EQ(epoch.notes.at(closed.size), closed.root);
    EXPECT_TRUE(epoch.is_closed);
  }
}

TEST_F(SpoolEpochs, ABeginningGoesWithLeafZeroAndClosesWhatWasBefore) {
  store_many("old", 2);
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), Disposition::kStored);
  begin(2);
  const std::vector<SpoolBatch> batches = batches_after(0);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_FALSE(batches[0].epoch.has_ledger);
  EXPECT_TRUE(batches[0].ledger.is_empty());
  ASSERT_TRUE(batches[1].ledger.beginning.has_value());
  EXPECT_EQ(batches[1].ledger.beginning->origin, "origin");
  EXPECT_EQ(batches[1].ledger.beginning->note, "note over " + hex(leaf_hash(batches[1].ledger.beginning->open)));
  EXPECT_THAT(batches[1].closed, ElementsAre(spool().identity().epoch_id));
  EXPECT_EQ(batches[2].closed.back(), epoch_id(1));
}

TEST_F(SpoolEpochs, ARiderGoesBehindTheEventsOfItsCommitAndNotWithoutAny) {
  begin(1);
  const LeafMaker rider = testing::beat_maker();
  const std::vector<AcceptedEvent> events = {make_event("a")};
  const CommitRequest request{.events = events};
  ASSERT_TRUE(spool().commit({&request, 1}, CommitMoment{kReceivedAt, &rider}));
  EXPECT_EQ(spool().tree().size, 3U);
  ASSERT_TRUE(spool().commit({&request, 1}, CommitMoment{kReceivedAt, &rider}));  // A duplicate.
  EXPECT_EQ(spool().tree().size, 3U);
  EXPECT_EQ(spool().tree().events, 1U);
}

TEST_F(SpoolEpochs, ALeafThatWaitsForItsCheckpointIsForNoStoreYet) {
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), Disposition::kStored);
  const TreeState beaten = beat().value();
  ASSERT_EQ(offer_one(make_event("b")), Disposition::kStored);
  const std::vector<SpoolBatch> before = batches_after(0);
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before.front().last_number, 2U);
  EXPECT_TRUE(spool().read_batch(2, 10, 1000).value().waits_for_note);
  ASSERT_TRUE(sign(beaten).ok());
  EXPECT_EQ(batches_after(0).back().last_number, spool().last_leaf());
}

TEST_F(SpoolEpochs, OwnLeavesAreNoEventsAndReadingPassesThemOver) {
  begin(1);
  store_many("a", 2);
  ASSERT_TRUE(sign(beat().value()).ok());
  EXPECT_EQ(spool().last_leaf(), 4U);
  EXPECT_EQ(spool().events_in({1, 4}), 2U);
  EXPECT_EQ(spool().newest_event(4), 3U);
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).events, 2U);
  EXPECT_THAT(log_ids_after(0), ElementsAre("a0-1", "a0-2"));
}

TEST_F(SpoolEpochs, TimesOfLeavesNeverFall) {
  begin(1);
  const std::vector<AcceptedEvent> events = {make_event("a")};
  const CommitRequest request{.events = events};
  ASSERT_TRUE(spool().commit({&request, 1}, kReceivedAt - 5'000'000));
  const Version version = spool().read(0, 1, 1000).value().front();
  EXPECT_EQ(version.received_at, kReceivedAt);
  EXPECT_EQ(spool().tree().last_accept_at, kReceivedAt);
}

TEST_F(SpoolEpochs, ARestartKnowsHowTheEpochEndedAndNothingGoesOnInIt) {
  begin(1);
  store_many("a", 5);
  ASSERT_TRUE(sign(beat().value()).ok());
  store_many("b", 5);
  const TreeState last = spool().tree();
  open();
  EXPECT_EQ(spool().tree().size, 0U);
  const std::optional<EndedEpoch> ended = spool().ended_epoch();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->id, epoch_id(1));
  EXPECT_EQ(ended->size, last.size);
  EXPECT_EQ(ended->root, last.root);
  begin(2);
  ASSERT_EQ(offer_one(make_event("a0-1")), Disposition::kDuplicate);
  ASSERT_EQ(offer_one(make_event("c")), Disposition::kStored);
  const Version newest = spool().read(spool().last_leaf() - 1, 1, 1000).value().front();
  EXPECT_EQ(newest.epoch_id, epoch_id(2));
  EXPECT_EQ(newest.leaf_index, 1U);
  EXPECT_EQ(testing::carried(batches_after(0)).at(epoch_id(1)).frontier.root(), last.root);
}

TEST_F(SpoolEpochs, WhatWasTrimmedIsNotNeededForTheRoot) {
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  begin(1);
  store_many("a", 50);
  ASSERT_TRUE(sign(beat().value()).ok());
  deliver_all();
  ASSERT_TRUE(maintain_after(std::chrono::seconds{10}).ok());
  ASSERT_EQ(offer_one(make_event("b")), Disposition::kStored);
  const TreeState last = spool().tree();
  ASSERT_GT(spool().stats().first_kept_leaf, 40U);
  open();
  EXPECT_EQ(spool().ended_epoch()->size, last.size);
  EXPECT_EQ(spool().ended_epoch()->root, last.root);
}

TEST_F(SpoolEpochs, OldEpochsAreForgottenWithWhatTheyHeldButTheNewest) {
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  for (std::uint8_t id = 1; id <= 3; ++id) {
    begin(id);
    store_many("e" + std::to_string(id), 3);
    ASSERT_TRUE(sign(close_epoch().value()).ok());
  }
  deliver_all();
  ASSERT_TRUE(maintain_after(std::chrono::seconds{10}).ok());
  for (int look = 0; look < 2; ++look) {
    const std::vector<SpoolEpoch> epochs = spool().epochs();
    ASSERT_EQ(epochs.size(), 1U);
    EXPECT_EQ(epochs.back().id, epoch_id(3));
    open();
  }
}

TEST_F(SpoolEpochs, NothingIsTakenBetweenAnEpochThatEndedAndOneThatCouldNotBeBegun) {
  begin(1);
  spool().close();
  EXPECT_FALSE(try_begin(2));
  EXPECT_TRUE(offer({make_event("a")}).empty());
}

}  // namespace
}  // namespace twinlog
