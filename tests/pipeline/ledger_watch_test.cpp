// The self-audit against a store that is made up: what it cries about, and what it does not.
#include "agent/pipeline/ledger_watch.h"

#include <algorithm>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "ledger/tree/merkle.h"
#include "tests/pipeline/rig.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;

/// Holds what a test puts there.
class HeldStore final : public StoreReader {
 public:
  StoreResult<std::vector<StoredVersion>> records(std::span<const EventKey> keys) override {
    std::vector<StoredVersion> found;
    for (const StoredVersion& stored : versions) {
      const EventKey key{stored.version.event.tenant_id, stored.version.event.log_id};
      if (std::ranges::find(keys, key) != keys.end()) {
        found.push_back(stored);
      }
    }
    return found;
  }
  StoreResult<std::vector<StoredVersion>> conflicts(std::span<const EventKey> /*keys*/) override {
    return std::vector<StoredVersion>();
  }
  StoreResult<std::optional<ShownAccount>> account(const AccountKey& /*key*/) override {
    return std::optional<ShownAccount>();
  }
  StoreResult<std::vector<StoredLeaf>> leaves(std::span<const LeafPlace> places) override {
    std::vector<StoredLeaf> found;
    for (const StoredLeaf& stored : own) {
      if (std::ranges::find(places, stored.place) != places.end()) {
        found.push_back(stored);
      }
    }
    return found;
  }
  StoreResult<std::vector<StoredLeaf>> prunes_of(std::span<const Uuid> epochs) override {
    asked_for_prunes += epochs.size();
    if (prunes_fail) {
      return StoreError{.code = "", .constraint = "", .words = "gone away"};
    }
    return prunes;
  }
  StoreResult<std::vector<SeenCheckpoint>> newest_checkpoints(std::size_t /*most*/) override {
    return std::vector<SeenCheckpoint>();
  }

  std::vector<StoredVersion> versions;
  std::vector<StoredLeaf> own;
  std::vector<StoredLeaf> prunes;
  std::size_t asked_for_prunes = 0;
  bool prunes_fail = false;
};

/// An agent that has delivered three events and one leaf of its own, and the store that has them.
class LedgerWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"one", "two", "three", "four", "five"}) {
      rig_.submit(id);
    }
    rig_.run_for(1s);  // The cursor stands at 5: every number below is delivered.
    epoch_.fill(7);
    SpoolBatch batch;
    batch.epoch.id = epoch_;
    batch.epoch.base = 1;
    LedgerTile tile{.first_index = 0, .hashes = {Digest{}}};
    for (std::uint64_t index = 1; index <= 3; ++index) {
      const Version version = event(index);
      tile.hashes.push_back(leaf_hash(event_leaf(version)));
      batch.versions.push_back(version);
      StoredVersion stored;
      stored.version = version;
      store_.versions.push_back(stored);
    }
    const std::string own = own_leaf();
    tile.hashes.push_back(leaf_hash(own));
    batch.ledger.tiles.push_back(tile);
    batch.ledger.own_leaves.push_back({4, own});
    store_.own.push_back({{epoch_, 4}, own});
    watch_.passed(batch);
    watch_.step();
  }

  Version event(std::uint64_t index) const {
    Version version;
    version.epoch_id = epoch_;
    version.leaf_index = index;
    version.received_at = 10 * static_cast<UtcMicros>(index);
    version.event.tenant_id = "acme";
    version.event.log_id = std::string("id-").append(std::to_string(index));
    version.event.event_type = "login_failed";
    version.ledger = LedgerPlace{index - 1, RecordKey{}};
    return version;
  }

  std::string own_leaf() const {
    GapLeaf gap;
    gap.ranges = {{epoch_, 9, 9}};
    return encode_leaf({epoch_, 4, 50}, gap);
  }

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      rig_.clock.advance(LedgerWatch::kRound);
      watch_.step();
    }
  }

  /// A PRUNE leaf of another agent that names these leaves.
  StoredLeaf prune_of(std::uint64_t first, std::uint64_t last) const {
    Uuid other{};
    other.fill(9);
    const LeafPlace place{other, 3};
    PruneLeaf prune;
    prune.ranges = {{epoch_, first, last}};
    return {place, encode_leaf({other, 3, 60}, prune)};
  }

  void lose(std::uint64_t index) {
    std::erase_if(store_.versions, [index](const StoredVersion& one) { return one.version.leaf_index == index; });
    std::erase_if(store_.own, [index](const StoredLeaf& one) { return one.place.index == index; });
  }

  Rig rig_;
  Uuid epoch_{};
  HeldStore store_;
  LedgerWatch watch_{LedgerWatch::Parts{.store = StoreId::kPostgres,
                                        .reader = store_,
                                        .spool = *rig_.spool,
                                        .clock = rig_.clock,
                                        .random = rig_.random,
                                        .log = rig_.log}};
};

TEST_F(LedgerWatchTest, WhatIsAsSignedIsCountedAndNobodyIsAskedForPrunes) {
  rounds(1);
  EXPECT_EQ(watch_.status().checked, 4U);
  EXPECT_EQ(watch_.status().modified + watch_.status().missing + watch_.status().unread, 0U);
  EXPECT_EQ(store_.asked_for_prunes, 0U);
  EXPECT_FALSE(rig_.log.has("self_audit_failed"));
}

TEST_F(LedgerWatchTest, ARowThatIsGoneIsToldAtTheSecondLook) {
  lose(2);
  rounds(1);
  EXPECT_EQ(watch_.status().missing, 0U);
  rounds(1);
  EXPECT_EQ(watch_.status().missing, 1U);
  EXPECT_EQ(watch_.status().last_finding, (LeafPlace{epoch_, 2}));
  EXPECT_EQ(rig_.log.count("self_audit_failed"), 1U);
  rounds(3);
  EXPECT_EQ(watch_.status().missing, 1U) << "told once";
}

TEST_F(LedgerWatchTest, ALeafOfItsOwnThatIsGoneIsTold) {
  lose(4);
  rounds(2);
  EXPECT_EQ(watch_.status().missing, 1U);
  EXPECT_EQ(watch_.status().last_finding, (LeafPlace{epoch_, 4}));
}

TEST_F(LedgerWatchTest, ARowThatWasEditedIsTold) {
  store_.versions[1].version.event.event_type = "login_success";
  rounds(2);
  EXPECT_EQ(watch_.status().modified, 1U);
  EXPECT_EQ(watch_.status().last_finding, (LeafPlace{epoch_, 2}));
}

TEST_F(LedgerWatchTest, WhatAnotherAgentPrunedIsNoFinding) {
  store_.prunes.push_back(prune_of(1, 2));
  lose(1);
  lose(2);
  rounds(6);
  EXPECT_EQ(watch_.status().missing, 0U);
  EXPECT_FALSE(rig_.log.has("self_audit_failed"));
  EXPECT_GT(watch_.status().checked, 4U) << "the others are still read";
}

TEST_F(LedgerWatchTest, AnEpochThatWasPrunedAsAWholeIsNoFinding) {
  Uuid other{};
  other.fill(9);
  PruneLeaf prune;
  prune.epochs = {{.epoch_id = epoch_, .size = 5, .root = {}}};
  store_.prunes.push_back({{other, 3}, encode_leaf({other, 3, 60}, prune)});
  store_.versions.clear();
  store_.own.clear();
  rounds(4);
  EXPECT_EQ(watch_.status().missing, 0U);
}

TEST_F(LedgerWatchTest, WhatAPruneDoesNotNameIsToldAllTheSame) {
  store_.prunes.push_back(prune_of(1, 1));
  lose(1);
  lose(2);
  rounds(3);
  EXPECT_EQ(watch_.status().missing, 1U);
  EXPECT_EQ(watch_.status().last_finding, (LeafPlace{epoch_, 2}));
}

TEST_F(LedgerWatchTest, APrunedPlaceWithSomethingElseInItIsTold) {
  store_.prunes.push_back(prune_of(1, 3));
  store_.versions[1].version.event.event_type = "login_success";
  rounds(2);
  EXPECT_EQ(watch_.status().modified, 1U);
}

TEST_F(LedgerWatchTest, WhereThePrunesCannotBeReadNothingIsSaidUntilTheyCan) {
  lose(2);
  store_.prunes_fail = true;
  rounds(3);
  EXPECT_EQ(watch_.status().missing, 0U);
  EXPECT_EQ(watch_.status().unread, 2U);
  store_.prunes_fail = false;
  rounds(1);
  EXPECT_EQ(watch_.status().missing, 1U);
}

}  // namespace
}  // namespace twinlog::testing
