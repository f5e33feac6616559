// The order of an erasure, and what comes of stores that die in it.
#include "agent/keeper/eraser.h"

#include <gmock/gmock.h>

#include "tests/keeper/fake_keeper.h"

namespace twinlog::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Erasing : public ::testing::Test {
 protected:
  Result<std::string> erase(const std::string& log_id, const std::string& account = "") {
    std::vector<KeptStore> stores = scene_.stores();
    const KeeperAgent agent = scene_.agent();
    return Eraser({.tenant_id = "acme", .log_id = log_id, .account = account, .fields = {9}, .request = "case 17"},
                  stores, agent)
        .run();
  }
  bool is_erased(const FakeStore& store, const std::string& log_id) {
    return store.records.at(FakeScene::key(log_id)).erased.contains(9);
  }

  FakeScene scene_;
};

TEST_F(Erasing, ALeafNamesTheVersionsOfBothStoresTogether) {
  scene_.put("a", 3);
  scene_.two.records.at(FakeScene::key("a")).leaves = {FakeScene::place(3), FakeScene::place(4), FakeScene::place(9)};
  const auto done = erase("a");
  ASSERT_EQ(scene_.declared.size(), 1U);
  const auto& leaf = std::get<EraseLeaf>(scene_.declared.front());
  EXPECT_THAT(leaf.ranges, ElementsAre(EpochRange{{}, 3, 4}, EpochRange{{}, 9, 9}));
  EXPECT_EQ(leaf.fields, std::string(1, '\x09'));
  EXPECT_EQ(leaf.request, "case 17");
  EXPECT_TRUE(is_erased(scene_.one, "a") && is_erased(scene_.two, "a"));
  ASSERT_FALSE(done.has_value()) << "two versions are still to come to the first store";
  EXPECT_THAT(done.error().message(), HasSubstr("2 versions are in one store and not in the other"));
}

TEST_F(Erasing, WhatAStoreRefusedAndNeverGetsIsNotWaitedFor) {
  scene_.put("a", 3);
  scene_.two.records.erase(FakeScene::key("a"));
  EXPECT_FALSE(erase("a").has_value()) << "it may still come";
  scene_.given_up = {{GapStore::kPostgres, {{}, 3, 3}}};
  EXPECT_FALSE(erase("a").has_value()) << "that is the other store";
  scene_.given_up = {{GapStore::kMongodb, {{}, 2, 4}}};
  const auto done = erase("a");
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_TRUE(is_erased(scene_.one, "a"));
  scene_.given_up = {{std::nullopt, {{}, 3, 3}}};
  EXPECT_TRUE(erase("a").has_value()) << "lost with a spool, for both";
}

TEST_F(Erasing, WhereNothingIsLackingNobodyIsAskedWhatWasGivenUp) {
  scene_.put("a", 3);
  ASSERT_TRUE(erase("a").has_value());
  EXPECT_EQ(scene_.given_up_asked, 0);
}

TEST_F(Erasing, WhatBothHaveIsDoneAndTheSpoolForgets) {
  scene_.put("a", 3);
  const auto done = erase("a");
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(scene_.settled, 1);
  EXPECT_EQ(scene_.forgotten, 1);
}

TEST_F(Erasing, AMissingRightIsSaidBeforeALeafIsWritten) {
  scene_.put("a", 3);
  scene_.two.missing_right = "UPDATE on auth_logs";
  const auto done = erase("a");
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message(), HasSubstr("the second store: lacks UPDATE on auth_logs"));
  EXPECT_THAT(scene_.declared, IsEmpty());
  EXPECT_THAT(scene_.one.calls, IsEmpty());
}

TEST_F(Erasing, WithoutALeafNothingIsErased) {
  scene_.put("a", 3);
  scene_.takes_leaves = false;
  EXPECT_FALSE(erase("a").has_value());
  EXPECT_FALSE(is_erased(scene_.one, "a"));
}

TEST_F(Erasing, AStoreThatDiesBetweenLeafAndErasureIsFinishedByTheSameOrder) {
  for (FakeStore* store : {&scene_.one, &scene_.two}) {
    scene_.put("a", 3);
    store->dies_at = "erase";
    const auto broken_off = erase("a");
    ASSERT_FALSE(broken_off.has_value());
    EXPECT_THAT(broken_off.error().message(), HasSubstr("it went away; run the same command again"));
    EXPECT_FALSE(is_erased(*store, "a"));
    ASSERT_TRUE(erase("a").has_value());
    EXPECT_TRUE(is_erased(scene_.one, "a") && is_erased(scene_.two, "a"));
  }
}

TEST_F(Erasing, ADeadLetterIsSettledFirst) {
  scene_.put("a", 3);
  scene_.letters = {FakeScene::key("a")};
  EXPECT_FALSE(erase("a").has_value());
  EXPECT_THAT(scene_.declared, IsEmpty());
  EXPECT_FALSE(is_erased(scene_.one, "a"));
}

TEST_F(Erasing, AnAccountIsAllRecordsOfEitherStore) {
  scene_.put("a", 1);
  scene_.put("b", 2);
  scene_.one.records.erase(FakeScene::key("b"));
  EXPECT_FALSE(erase("", "id:u1").has_value()) << "b is not in the first store yet";
  EXPECT_TRUE(is_erased(scene_.one, "a") && is_erased(scene_.two, "a") && is_erased(scene_.two, "b"));
}

TEST_F(Erasing, ALongAccountGoesInBatchesEachUnderALeafOfItsOwn) {
  for (std::uint64_t i = 0; i < Eraser::kBatch + 1; ++i) {
    scene_.put("id-" + std::to_string(i), i);
  }
  ASSERT_TRUE(erase("", "id:u1").has_value());
  EXPECT_EQ(scene_.declared.size(), 2U);
  EXPECT_THAT(scene_.one.calls, ElementsAre("erase", "erase"));
}

TEST_F(Erasing, NoRecordIsSaidAndNoLeafWritten) {
  const auto done = erase("nobody");
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message(), HasSubstr("no store has a record"));
  EXPECT_THAT(scene_.declared, IsEmpty());
}

TEST_F(Erasing, ARecordFromBeforeTheLedgerNeedsNoLeaf) {
  scene_.put("a", 3);
  scene_.one.records.at(FakeScene::key("a")).leaves.clear();
  scene_.two.records.at(FakeScene::key("a")).leaves.clear();
  EXPECT_TRUE(erase("a").has_value());
  EXPECT_THAT(scene_.declared, IsEmpty());
  EXPECT_TRUE(is_erased(scene_.one, "a") && is_erased(scene_.two, "a"));
}

}  // namespace
}  // namespace twinlog::testing
