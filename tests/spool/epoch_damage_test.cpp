// The ledger's part of a spool when the disk fails: failed writes, damaged items, lost hashes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "spool/layout.h"
#include "tests/spool/epoch_fixture.h"

namespace twinlog {
namespace {

using rocksdb::IOStatus;
using testing::epoch_id;

using testing::make_event;
using testing::Step;

class SpoolEpochFaults : public testing::WithLedger<testing::FaultySpoolTest> {};

class SpoolEpochDamage : public testing::WithLedger<testing::SpoolTest> {
 protected:
  void SetUp() override { open(); }
  void erase(const char* family, std::uint64_t number) {
    with_database([&](rocksdb::DB& database, const testing::Families& families) {
      testing::erase_number(database, families, family, number);
    });
  }
};

// The append itself fails, so nothing of the batch is there: the tree stays what it was.
TEST_F(SpoolEpochFaults, OfABatchThatIsNotThereTheTreeKnowsNothing) {
  open();
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), Disposition::kStored);
  const TreeState before = spool().tree();
  disk_.files->fail(Step::kAppend, 1, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b")}).empty());
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_EQ(spool().tree().root, before.root);
  ASSERT_EQ(offer_one(make_event("b")), Disposition::kStored);
  EXPECT_EQ(testing::carried(batches_after(0)).at(epoch_id(1)).frontier.root(), spool().tree().root);
}

// The sync fails after the append: the batch is there after all, and so is what it made of the tree.
TEST_F(SpoolEpochFaults, OfABatchThatIsThereAfterAllTheTreeKnows) {
  open();
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), Disposition::kStored);
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  ASSERT_TRUE(offer({make_event("b"), make_event("c")}).empty());
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  const bool is_there = spool().tree().size == 4;
  EXPECT_EQ(spool().last_leaf(), is_there ? 4U : 2U);
  ASSERT_EQ(offer_one(make_event("d")), Disposition::kStored);
  const auto epochs = testing::carried(batches_after(0));
  EXPECT_EQ(epochs.at(epoch_id(1)).frontier.root(), spool().tree().root);
  EXPECT_EQ(epochs.at(epoch_id(1)).log_ids.size(), is_there ? 4U : 2U);
}

TEST_F(SpoolEpochFaults, AHeartbeatWhoseWriteFailedIsThereOrNot) {
  open();
  begin(1);
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  ASSERT_FALSE(beat());
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  ASSERT_EQ(offer_one(make_event("d")), Disposition::kStored);
  const TreeState last = beat().value();
  ASSERT_TRUE(sign(last).ok());
  EXPECT_EQ(testing::carried(batches_after(0)).at(epoch_id(1)).frontier.root(), last.root);
}

TEST_F(SpoolEpochFaults, AnEpochWhoseBeginningFailedIsTriedAgainAndWhatIsThereOfItHarmsNothing) {
  open();
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), Disposition::kStored);
  disk_.files->fail(Step::kSync, 1, IOStatus::IOError("planted"));
  ASSERT_FALSE(try_begin(2));
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  EXPECT_TRUE(offer({make_event("b")}).empty());
  begin(3);
  ASSERT_EQ(offer_one(make_event("b")), Disposition::kStored);
  const auto epochs = testing::carried(batches_after(0));
  EXPECT_EQ(epochs.at(epoch_id(3)).log_ids.size(), 1U);
  EXPECT_EQ(epochs.at(epoch_id(3)).frontier.root(), spool().tree().root);
}

TEST_F(SpoolEpochFaults, WhatASyncedCommitPutIntoTheTreeSurvivesThePower) {
  open();
  begin(1);
  store_many("a", 30);
  const TreeState beaten = beat().value();
  ASSERT_TRUE(sign(beaten).ok());
  store_many("b", 3);
  const TreeState last = spool().tree();
  close();
  disk_.files->crash();
  open();
  EXPECT_EQ(spool().ended_epoch()->size, last.size);
  EXPECT_EQ(spool().ended_epoch()->root, last.root);
  EXPECT_EQ(testing::carried(batches_after(0)).at(epoch_id(1)).notes.at(beaten.size), beaten.root);
}

TEST_F(SpoolEpochDamage, AnEventThatIsGoneLeavesItsHashAndTheTreeGoesOn) {
  begin(1);
  store_many("a", 9);
  const TreeState last = spool().tree();
  close();
  erase("events", 4);
  open();
  ASSERT_TRUE(spool().note_missing({1, 10}).ok());
  ASSERT_EQ(spool().stats().losses.size(), 1U);
  EXPECT_FALSE(spool().stats().losses.front().is_declared);
  EXPECT_EQ(spool().ended_epoch()->root, last.root);
  const auto epochs = testing::carried(batches_after(0));
  EXPECT_EQ(epochs.at(epoch_id(1)).frontier.root(), last.root);
  EXPECT_EQ(epochs.at(epoch_id(1)).log_ids.size(), 8U);
}

TEST_F(SpoolEpochDamage, AHashThatIsGoneIsMadeAgainFromItsEvent) {
  begin(1);
  store_many("a", 9);
  const TreeState last = spool().tree();
  close();
  erase("leaves", 4);
  open();
  EXPECT_FALSE(spool().ended_epoch()->size.has_value());  // Only what stands in the family counts for a root.
  EXPECT_EQ(testing::carried(batches_after(0)).at(epoch_id(1)).frontier.root(), last.root);
}

TEST_F(SpoolEpochDamage, ALossThatWasDeclaredStaysSoOverARestart) {
  begin(1);
  store_many("a", 9);
  close();
  erase("events", 4);
  open();
  ASSERT_TRUE(spool().note_missing({1, 10}).ok());
  begin(2);
  const LeafRange lost{4, 4};
  ASSERT_TRUE(spool().append(testing::beat_maker(), testing::kReceivedAt, {&lost, 1}));
  for (int look = 0; look < 2; ++look) {
    ASSERT_EQ(spool().stats().losses.size(), 1U);
    EXPECT_TRUE(spool().stats().losses.front().is_declared);
    open();
  }
}

}  // namespace
}  // namespace twinlog
