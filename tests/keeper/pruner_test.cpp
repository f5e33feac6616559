// What retention takes, what it leaves, and what comes of stores that die in it.
#include "agent/keeper/pruner.h"

#include <gmock/gmock.h>

#include "agent/keeper/keys_by_age.h"
#include "tests/keeper/fake_keeper.h"

namespace twinlog::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr UtcMicros kBefore = 5'000'000;

class Pruning : public ::testing::Test {
 protected:
  Result<std::string> run(PruneOrder order) {
    std::vector<KeptStore> stores = scene_.stores();
    const KeeperAgent agent = scene_.agent();
    return Pruner(std::move(order), stores, agent).run();
  }
  Result<std::string> prune() { return run({.before = kBefore, .policy = "12 months", .applies = true}); }
  Result<std::string> plan() { return run({.before = kBefore, .policy = "12 months", .applies = false}); }
  bool is_there(const FakeStore& store, const std::string& log_id) {
    return store.records.contains(FakeScene::key(log_id));
  }

  FakeScene scene_;
};

TEST_F(Pruning, OldRecordsGoAfterALeafThatNamesThem) {
  scene_.put("old", 1);
  scene_.put("young", 2, FakeScene::kYoung);
  const auto done = prune();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_THAT(*done, HasSubstr("pruned 1 record with 1 leaf of 1 tenant"));
  ASSERT_EQ(scene_.declared.size(), 1U);
  const auto& leaf = std::get<PruneLeaf>(scene_.declared.front());
  EXPECT_THAT(leaf.ranges, ElementsAre(EpochRange{{}, 1, 1}));
  EXPECT_EQ(leaf.policy, "12 months");
  for (const FakeStore* store : {&scene_.one, &scene_.two}) {
    EXPECT_FALSE(is_there(*store, "old"));
    EXPECT_TRUE(is_there(*store, "young"));
  }
  EXPECT_EQ(scene_.forgotten, 1);
}

TEST_F(Pruning, APlanCountsAndChangesNothing) {
  scene_.put("old", 1);
  const auto done = plan();
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(*done, HasSubstr("would prune 1 record"));
  EXPECT_THAT(scene_.declared, IsEmpty());
  EXPECT_THAT(scene_.one.calls, IsEmpty());
  EXPECT_EQ(scene_.forgotten, 0);
}

TEST_F(Pruning, WhatOneStoreLacksOrHasOtherwiseStays) {
  scene_.put("lacking", 1);
  scene_.two.records.erase(FakeScene::key("lacking"));
  scene_.put("unlike", 2);
  scene_.two.records.at(FakeScene::key("unlike")).leaves.push_back(FakeScene::place(7));
  const auto done = prune();
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(*done, HasSubstr("2 stay, as the stores do not have it alike"));
  EXPECT_TRUE(is_there(scene_.one, "lacking") && is_there(scene_.one, "unlike") && is_there(scene_.two, "unlike"));
}

TEST_F(Pruning, AYoungerVersionInEitherStoreKeepsTheRecord) {
  scene_.put("old", 1);
  scene_.two.records.at(FakeScene::key("old")).received_at = FakeScene::kYoung;
  const auto done = prune();
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(*done, HasSubstr("1 stays, as a younger version belongs to it"));
  EXPECT_TRUE(is_there(scene_.one, "old"));
}

TEST_F(Pruning, AMissingRightIsSaidBeforeALeafIsWritten) {
  scene_.put("old", 1);
  scene_.one.missing_right = "DELETE on auth_logs";
  ASSERT_FALSE(prune().has_value());
  EXPECT_THAT(scene_.declared, IsEmpty());
}

TEST_F(Pruning, AStoreThatDiesAfterTheLeafIsFinishedByTheSameOrder) {
  for (FakeStore* store : {&scene_.one, &scene_.two}) {
    scene_.put("old", 1);
    store->dies_at = "prune";
    const auto broken_off = prune();
    ASSERT_FALSE(broken_off.has_value());
    EXPECT_THAT(broken_off.error().message(), HasSubstr("it went away; run the same command again"));
    EXPECT_TRUE(is_there(scene_.one, "old")) << "the store that is asked for keys goes last";
    ASSERT_TRUE(prune().has_value());
    EXPECT_FALSE(is_there(scene_.one, "old") || is_there(scene_.two, "old"));
  }
  EXPECT_GT(scene_.pruned_before_asked, 0);
}

TEST_F(Pruning, ManyAreTakenPageByPage) {
  for (std::uint64_t i = 0; i < 2 * KeysByAge::kPage + 1; ++i) {
    scene_.put("id-" + std::to_string(i), i, FakeScene::kOld + static_cast<UtcMicros>(i / 10));
  }
  const auto done = prune();
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(*done, HasSubstr("pruned 2001 records"));
  EXPECT_THAT(scene_.one.records, IsEmpty());
  EXPECT_THAT(scene_.two.records, IsEmpty());
}

TEST_F(Pruning, MoreThanAPageInOneMomentIsNoTrouble) {
  for (std::uint64_t i = 0; i < KeysByAge::kPage + 5; ++i) {
    scene_.put("id-" + std::to_string(i), i);
  }
  const auto done = plan();
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(*done, HasSubstr("would prune 1005 records with 1005 leaves"));
}

}  // namespace
}  // namespace twinlog::testing
