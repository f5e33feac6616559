// Epochs in a spool that nothing befalls: the tree that it says is the one that the stores can rebuild.
#include <gmock/gmock.h>
#include <rocksdb/compaction_filter.h>

#include <random>
#include <set>

#include "ledger/base/uuid.h"
#include "ledger/record/canonical.h"
#include "spool/layout.h"
#include "spool/ledger_layout.h"
#include "spool/trim_filter.h"
#include "tests/spool/ledger_fixture.h"

namespace twinlog {
namespace {

using testing::close_maker;
using testing::deliver;
using ::testing::ElementsAre;
using testing::gap_maker;
using testing::heartbeat_maker;
using ::testing::IsEmpty;
using testing::kReceivedAt;
using testing::make_event;
using testing::new_epoch;
using ::testing::SizeIs;
using D = Disposition;

class SpoolLedger : public testing::SpoolTest {
 protected:
  SpoolLedger() { settings_.keep_delivered = std::chrono::milliseconds{0}; }

  void begin(std::uint8_t number, UtcMicros now = kReceivedAt) {
    const auto begun = spool().begin_epoch(new_epoch(number), now);
    ASSERT_TRUE(begun.has_value()) << begun.error().message();
    ASSERT_EQ(begun->size, 1U);
  }
  void keep_note() {
    const TreeState tree = spool().tree();
    ASSERT_TRUE(spool()
                    .keep_note({.epoch_id = tree.epoch_id,
                                .size = tree.size,
                                .root = tree.root,
                                .note = "note",
                                .accepted_at = tree.last_accept_at})
                    .ok());
  }
  /// Of the epoch, as a store has it that begins anew.
  testing::StoredTree stored(std::uint8_t number, std::size_t most_items = 100) {
    auto all = deliver(spool(), 0, most_items);
    testing::expect_sound(all);
    return all[uuid_text(new_epoch(number).id)];
  }
};

TEST_F(SpoolLedger, OfMixedTenantsAndRidersTheTreeIsWhatTheStoresRebuild) {
  open();
  begin(1);
  std::mt19937_64 random(3);
  const LeafMaker rider = gap_maker();
  std::map<std::string, std::set<std::uint64_t>> sequences;
  for (int round = 0; round < 60; ++round) {
    std::vector<AcceptedEvent> events;
    for (std::uint64_t i = 0; i <= random() % 4; ++i) {
      const std::string name = std::to_string(random() % 40);
      AcceptedEvent event = make_event(name, {.username = "user" + std::to_string(random() % 2)});
      event.event.tenant_id = "t" + std::to_string(random() % 3);
      event.canonical = canonical_content(event.event);
      event.content_hash = content_hash(event.canonical);
      events.push_back(event);
    }
    const CommitRequest request{.events = events, .arrival = {Ingress::kUnix, 1, 2}};
    const CommitMoment moment{.received_at = kReceivedAt + round, .rider = round % 3 == 0 ? &rider : nullptr};
    ASSERT_TRUE(spool().commit({&request, 1}, moment).has_value());
    if (round % 10 == 0) {
      ASSERT_TRUE(spool().append(heartbeat_maker(), kReceivedAt + round).has_value());
      keep_note();
    }
  }
  const TreeState tree = spool().tree();
  for (const std::size_t most : {1U, 7U, 1000U}) {
    const testing::StoredTree seen = stored(1, most);
    ASSERT_TRUE(seen.beginning.has_value());
    EXPECT_THAT(seen.rebuilt, SizeIs(tree.size));
    ASSERT_TRUE(seen.tree(tree.size).has_value());
    EXPECT_EQ(seen.tree(tree.size)->root(), tree.root);
    EXPECT_THAT(seen.notes, SizeIs(6));
  }
  const auto versions = spool().read(0, 1000, 1U << 30U);
  ASSERT_TRUE(versions.has_value());
  std::uint64_t count = 0;
  for (std::uint64_t after = 0;;) {
    const auto some = spool().read(after, 1000, 1U << 30U);
    ASSERT_TRUE(some.has_value());
    if (some->empty()) {
      break;
    }
    for (const Version& version : *some) {
      EXPECT_TRUE(sequences[version.event.tenant_id].insert(version.ledger->tenant_seq).second);
      after = version.number;
      ++count;
    }
  }
  EXPECT_EQ(count, tree.events);
  EXPECT_EQ(sequences.size(), tree.tenants);
  for (const auto& [tenant, taken] : sequences) {
    EXPECT_EQ(*taken.rbegin() + 1, taken.size()) << "dense from 0 for " << tenant;
  }
  EXPECT_EQ(spool().events_in({1, spool().last_leaf()}), tree.events);
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).events, tree.events);
}

TEST_F(SpoolLedger, ACheckpointGoesOutWithItsLeaf) {
  open();
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  ASSERT_TRUE(spool().append(heartbeat_maker(), kReceivedAt).has_value());
  const auto waiting = spool().read_batch(2, 10, 1U << 20U);
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->last_number, 0U);
  EXPECT_TRUE(waiting->waits_for_note);
  keep_note();
  const auto batch = spool().read_batch(2, 10, 1U << 20U);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->last_number, 3U);
  EXPECT_THAT(batch->ledger.own_leaves, SizeIs(1));
  EXPECT_THAT(batch->ledger.checkpoints, SizeIs(1));
  EXPECT_THAT(batch->versions, IsEmpty());
}

TEST_F(SpoolLedger, AfterACrashTheNextEpochKnowsSizeAndRootOfTheOneBefore) {
  open();
  EXPECT_FALSE(spool().ended_epoch().has_value());
  begin(1);
  store_many("a", 20);
  keep_note();
  store_many("b", 30);
  const TreeState tree = spool().tree();
  open();
  EXPECT_THAT(offer({make_event("x")}), IsEmpty()) << "nothing is taken without an epoch any more";
  const auto ended = spool().ended_epoch();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->id, tree.epoch_id);
  EXPECT_EQ(ended->size, tree.size);
  EXPECT_EQ(ended->root, tree.root);
  EXPECT_FALSE(stored(1).is_closed);
  begin(2);
  ASSERT_EQ(offer_one(make_event("x")), D::kStored);
  EXPECT_TRUE(stored(1).is_closed) << "by the flush with the next one's OPEN";
  EXPECT_FALSE(stored(2).is_closed);
  EXPECT_EQ(stored(2).base, 52U);
  EXPECT_THAT(spool().epochs(), SizeIs(2)) << "without the one of a spool before the ledger, which holds nothing";
}

TEST_F(SpoolLedger, CloseClosesItsEpochInItsOwnFlush) {
  open();
  begin(1);
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  ASSERT_TRUE(spool().append(close_maker(), kReceivedAt).has_value());
  keep_note();
  EXPECT_TRUE(stored(1).is_closed);
}

TEST_F(SpoolLedger, AClockThatWasSetBackIsFollowedByTheNextEpochAlone) {
  open();
  begin(1);
  ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt - 60'000'000).has_value());
  EXPECT_EQ(spool().tree().last_accept_at, kReceivedAt);
  begin(2, kReceivedAt - 60'000'000);
  EXPECT_EQ(spool().tree().last_accept_at, kReceivedAt - 60'000'000);
}

TEST_F(SpoolLedger, WhatIsTrimmedIsForgottenAndNotTheRoot) {
  open();
  begin(1);
  store_many("a", 20);
  keep_note();
  begin(2);
  store_many("b", 30);
  keep_note();
  store_many("c", 5);
  deliver_all_up_to(21);
  settle();
  EXPECT_EQ(spool().stats().first_kept_leaf, 22U);
  EXPECT_THAT(spool().epochs(), SizeIs(2)) << "the stores have yet to be told that the first is over";
  deliver_all_up_to(54);
  settle();
  EXPECT_THAT(spool().epochs(), SizeIs(1));
  const TreeState tree = spool().tree();
  open();
  ASSERT_TRUE(spool().ended_epoch().has_value());
  deliver_all();
  settle();
  const auto ended = spool().ended_epoch();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->size, tree.size);
  EXPECT_EQ(ended->root, tree.root);
  EXPECT_THAT(spool().epochs(), SizeIs(1));
}

TEST(TrimFilter, TakesARunOfHashesWithTheLastOfItsEvents) {
  DurableFirstKept first_kept = 51;
  const auto filter = make_events_filter(first_kept);
  const auto takes = [&filter](const std::string& key) { return filter->Filter(0, key, "", nullptr, nullptr); };
  EXPECT_TRUE(takes(event_key(50)));
  EXPECT_FALSE(takes(event_key(51)));
  EXPECT_TRUE(takes(hash_run_key(50, 49)));
  EXPECT_FALSE(takes(hash_run_key(51, 50)));
  EXPECT_FALSE(takes("neither"));
}

TEST_F(SpoolLedger, OfARunThatReachesBelowTheTrimPointTheRestIsRead) {
  open();
  begin(1);
  store_many("a", 200);  // 2 to 101 and 102 to 201
  deliver_all_up_to(150);
  spool().trim_delivered(150);
  ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
  open();
  const auto rest = spool().read_batch(150, 100, 1U << 20U);
  ASSERT_TRUE(rest.has_value());
  ASSERT_THAT(rest->ledger.tiles, SizeIs(1));
  EXPECT_EQ(rest->ledger.tiles.front().first_index, 150U);
  EXPECT_THAT(rest->ledger.tiles.front().hashes, SizeIs(51));
}

TEST_F(SpoolLedger, EntriesOfOneHashEachAreReadAsRunsAre) {
  open();
  begin(1);
  store_many("a", 250);
  ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt).has_value());
  store_many("b", 3);
  const TreeState tree = spool().tree();
  const auto runs = stored(1, 70).hashes;
  close();
  with_database(testing::split_runs);
  open();
  EXPECT_THAT(runs, SizeIs(tree.size));
  EXPECT_EQ(stored(1, 70).hashes, runs);
  ASSERT_TRUE(spool().ended_epoch().has_value());
  EXPECT_EQ(spool().ended_epoch()->root, tree.root);
}

TEST_F(SpoolLedger, OwnLeavesAreNoBacklogNorAgeIt) {
  open();
  begin(1);
  ASSERT_TRUE(spool().append(gap_maker(), kReceivedAt).has_value());
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).events, 0U);
  EXPECT_FALSE(spool().backlog(StoreId::kPostgres).oldest_received_at.has_value());
  const std::vector<AcceptedEvent> events{make_event("a")};
  const CommitRequest request{.events = events};
  ASSERT_TRUE(spool().commit({&request, 1}, kReceivedAt + 9).has_value());
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).events, 1U);
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).oldest_received_at, kReceivedAt + 9);
  EXPECT_EQ(spool().newest_event(2), 0U);
  EXPECT_EQ(spool().newest_event(3), 3U);
}

TEST_F(SpoolLedger, ASpoolOfFormatTwoGoesOutAsItIsAndTheFirstEpochBeginsAbove) {
  open();
  store_many("a", 20);
  const Uuid before = spool().identity().epoch_id;
  close();
  with_database([](rocksdb::DB& database, const testing::Families& families) {
    EXPECT_TRUE(database.Put({}, families.at("default"), std::string(kFormatKey), format_value(2)).ok());
  });
  open();
  EXPECT_FALSE(spool().ended_epoch().has_value());
  begin(1);
  ASSERT_EQ(offer_one(make_event("b")), D::kStored);
  const auto first = spool().read_batch(0, 100, 1U << 20U);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->epoch.id, before);
  EXPECT_FALSE(first->epoch.has_ledger);
  EXPECT_EQ(first->last_number, 20U);
  EXPECT_TRUE(first->ledger.is_empty());
  EXPECT_THAT(first->versions, SizeIs(20));
  const auto second = spool().read_batch(20, 100, 1U << 20U);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->epoch.base, 21U);
  EXPECT_THAT(second->closed, ElementsAre(before));
  EXPECT_EQ(second->last_number, 22U);
}

}  // namespace
}  // namespace twinlog
