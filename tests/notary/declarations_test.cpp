// What was lost or refused stands in the tree, so that nobody else can say it of a row that he deleted.
#include <gmock/gmock.h>

#include <thread>

#include "tests/notary/notary_fixture.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class NotaryDeclarations : public NotaryTest {
 protected:
  /// Takes the body of this number out of a closed spool.
  void lose(std::uint64_t number) {
    with_database([&](rocksdb::DB& database, const Families& families) {
      std::string key;
      put_u64(key, number);
      ASSERT_TRUE(database.Delete(rocksdb::WriteOptions(), families.at("events"), key).ok());
    });
  }
};

TEST_F(NotaryDeclarations, ALossIsDeclaredOnceAndItsHashStaysInTheTree) {
  start();
  commit(make_events("event-", 5));
  notary().close();
  stop();
  close();
  lose(3);
  start();
  ASSERT_TRUE(spool().note_missing({3, 3}).ok());
  run_for(10s);
  run_for(10s);
  const std::vector<GivenTree> all = trees();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].hashes.size(), 7U);
  std::vector<GapLeaf> gaps;
  for (const auto& [index, leaf] : all[1].own) {
    if (const auto* gap = std::get_if<GapLeaf>(&leaf.content)) {
      gaps.push_back(*gap);
    }
  }
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].reason, GapReason::kDamagedSpool);
  EXPECT_THAT(gaps[0].ranges, ElementsAre(EpochRange{all[0].epoch.id, 2, 2}));
  EXPECT_EQ(gaps[0].store, std::nullopt);
  EXPECT_EQ(notary().status().gaps, 1U);
}

TEST_F(NotaryDeclarations, WhatAStoreRefusesIsInTheTreeWhenTheCallReturns) {
  start();
  commit(make_events("event-", 5));
  std::vector<DeadLetter> letters;
  for (const std::uint64_t number : {2U, 3U, 5U}) {
    letters.push_back(letter_of(number));
    letters.back().code = "23514";
  }
  std::optional<Status> outcome;
  std::atomic<bool> is_done{false};
  {
    const std::jthread courier([&] {
      outcome = notary().declare_refused(StoreId::kMongodb, letters);
      is_done.store(true);
    });
    while (!is_done.load()) {
      notary().step();
      std::this_thread::yield();
    }
  }
  ASSERT_TRUE(outcome && outcome->ok());
  run_for(10s);
  const GivenTree tree = trees().at(0);
  const auto& gap = tree.content<GapLeaf>(6);
  EXPECT_EQ(gap.reason, GapReason::kRefusedByStore);
  EXPECT_EQ(gap.store, GapStore::kMongodb);
  EXPECT_EQ(gap.code, "23514");
  EXPECT_THAT(gap.ranges, ElementsAre(EpochRange{tree.epoch.id, 1, 2}, EpochRange{tree.epoch.id, 4, 4}));
}

TEST_F(NotaryDeclarations, WhoAsksAfterTheEndIsToldSo) {
  start();
  notary().close();
  const auto placed = notary().declare(PruneLeaf{}, 10s);
  ASSERT_FALSE(placed.has_value());
  EXPECT_EQ(placed.error().kind(), ErrorKind::kTransient);
}

TEST_F(NotaryDeclarations, AnythingElseIsPlacedWhereItSays) {
  start();
  commit({make_event("one")});
  std::optional<Result<Notary::Placed>> placed;
  std::atomic<bool> is_done{false};
  const PruneLeaf prune{.ranges = {{spool().tree().epoch_id, 1, 1}}, .policy = "a year", .epochs = {}};
  {
    const std::jthread asking([&] {
      placed = notary().declare(prune, 1h);
      is_done.store(true);
    });
    while (!is_done.load()) {
      notary().step();
      std::this_thread::yield();
    }
  }
  ASSERT_TRUE(placed && placed->has_value());
  EXPECT_EQ((*placed)->index, 2U);
  EXPECT_EQ((*placed)->number, 3U);
  run_for(10s);
  EXPECT_EQ(trees().at(0).content<PruneLeaf>(2), prune);
}

TEST_F(NotaryDeclarations, WhatIsToBeCoveredIsSignedOverWhenTheCallReturns) {
  start();
  commit(make_events("event-", 2));
  const EraseLeaf erasure{.fields = std::string(1, '\x09'), .request = "case 17", .ranges = {EpochRange{{}, 1, 1}}};
  std::optional<Result<Notary::Placed>> placed;
  std::atomic<bool> is_done{false};
  {
    const std::jthread keeper([&] {
      placed = notary().declare_covered(erasure, Notary::kDeclareMost);
      is_done.store(true);
    });
    while (!is_done.load()) {
      notary().step();
      std::this_thread::yield();
    }
  }
  ASSERT_TRUE(placed && placed->has_value());
  const GivenTree tree = trees().at(0);
  EXPECT_EQ(tree.content<EraseLeaf>(3).request, "case 17");
  EXPECT_TRUE(std::holds_alternative<HeartbeatLeaf>(tree.own.at(4).content));
  EXPECT_EQ((*placed)->index, 4U);
  EXPECT_EQ((*placed)->number, tree.epoch.base + 4);
  EXPECT_EQ(tree.notes.back().size, 5U);
  EXPECT_EQ(notary().status().size, 5U);
}

}  // namespace
}  // namespace twinlog::testing
