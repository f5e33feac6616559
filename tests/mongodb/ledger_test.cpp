// What the ledger has the document store keep, on both servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "plugins/mongodb/names.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"

namespace twinlog {
namespace {

using testing::failed;
using testing::read_records;
using testing::report_of;
using testing::TestAgent;

constexpr UtcMicros kNoon = 1'795'486'260'123'456;

/// What a reader of the whole store gives.
struct WholeStore {
  std::vector<LedgerCheckpointRow> checkpoints;
  std::vector<LedgerEpochRow> epochs;
  std::vector<LedgerAccountRow> accounts;
  std::vector<LedgerTileRow> tiles;
  std::vector<LedgerLeafRow> leaves;
  std::vector<LedgerRow> rows;
  std::vector<BrokenRow> broken;
};

template <typename Row>
RowSink<Row> into(std::vector<Row>& rows) {
  return [&rows](Row&& row) -> Status {
    rows.push_back(std::move(row));
    return {};
  };
}

WholeStore whole_store(const StoreSettings& settings) {
  const auto reader = make_mongodb_ledger_reader(settings);
  WholeStore whole;
  const auto read = [](const StoreStatus& status) { EXPECT_EQ(status ? status->words : "", ""); };
  reader->tell_broken(into(whole.broken));
  read(reader->open());
  read(reader->checkpoints(into(whole.checkpoints)));
  read(reader->epochs(into(whole.epochs)));
  read(reader->accounts(into(whole.accounts)));
  read(reader->tiles(into(whole.tiles)));
  read(reader->leaves(into(whole.leaves)));
  read(reader->rows(into(whole.rows)));
  return whole;
}

class MongodbLedger : public ::testing::TestWithParam<std::uint16_t (*)()> {
 protected:
  /// As the spool keeps it: with a place in the tree, of which index 0 is the OPEN leaf.
  std::vector<Version> accept(TestAgent& agent, std::vector<Version> versions) {
    versions = agent.accept(std::move(versions));
    for (Version& version : versions) {
      version.arrival = {.ingress = Ingress::kUnix, .uid = 1000, .gid = 1001};
      version.ledger = LedgerPlace{.tenant_seq = version.leaf_index - 1, .record_key = {}};
      version.ledger->record_key.fill(static_cast<std::uint8_t>(version.leaf_index));
    }
    return versions;
  }

  static FlushBatch batch_of(const TestAgent& agent, std::span<const Version> versions, std::uint64_t first,
                             std::uint64_t last) {
    FlushBatch batch{.epoch_id = agent.epoch_id(), .versions = versions, .position = {last, kNoon, 0}};
    if (!versions.empty()) {
      batch.position.newest_effective_at = versions.back().effective_at;
    }
    LedgerTile tile{.first_index = first, .first_accept_at = kNoon, .last_accept_at = kNoon + 1};
    for (std::uint64_t index = first; index <= last; ++index) {
      tile.hashes.push_back(sha256(std::to_string(index)));
    }
    batch.ledger.tiles = {tile};
    return batch;
  }

  static FlushBatch opening(const TestAgent& agent) {
    FlushBatch batch = batch_of(agent, {}, 0, 0);
    batch.ledger.beginning = EpochBeginning{.origin = "o", .open = "open leaf", .note = "note 1"};
    batch.ledger.checkpoints = {{.size = 1, .root = sha256("0"), .note = "note 1", .accepted_at = kNoon}};
    return batch;
  }

  /// As after a start of the agent, which has nothing but its spool.
  void break_contact(TestAgent& agent) { agent.restart(); }

  StoreSettings settings_ = testing::settings_for(GetParam()(), testing::fresh_database());
  TestAgent agent_{settings_, 1};
};

TEST_P(MongodbLedger, KeepsAnEpochAndGivesItBack) {
  report_of(agent_.store().flush(opening(agent_)));
  const auto versions = accept(agent_, {failed(1).log_id("a"), failed(2).log_id("b")});
  FlushBatch batch = batch_of(agent_, versions, 1, 3);
  batch.ledger.own_leaves = {{3, "heartbeat"}};
  batch.ledger.checkpoints = {{.size = 4, .root = sha256("4"), .note = "note 4", .accepted_at = kNoon + 1}};
  EXPECT_EQ(report_of(agent_.store().flush(batch)).inserted, 2U);
  const WholeStore whole = whole_store(settings_);
  EXPECT_TRUE(whole.broken.empty()) << whole.broken.front().words;
  ASSERT_EQ(whole.rows.size(), 2U);
  for (const LedgerRow& row : whole.rows) {
    const Version& sent = versions[row.version.leaf_index - 1];
    EXPECT_EQ(row.version, sent);
    EXPECT_TRUE(row.faults.empty()) << row.faults.front();
    EXPECT_EQ(row.tenant_seq, sent.ledger->tenant_seq);
    EXPECT_EQ(event_leaf(row.version), event_leaf(sent));
  }
  ASSERT_EQ(whole.epochs.size(), 1U);
  EXPECT_EQ(whole.epochs[0].open, "open leaf");
  ASSERT_EQ(whole.tiles.size(), 2U);
  EXPECT_EQ(whole.tiles[0].leaf_count + whole.tiles[1].leaf_count, 4U);
  ASSERT_EQ(whole.leaves.size(), 1U);
  EXPECT_EQ(whole.leaves[0].leaf, "heartbeat");
  EXPECT_FALSE(whole.leaves[0].tenant_id);
  EXPECT_EQ(whole.checkpoints.size(), 2U);
  ASSERT_FALSE(whole.accounts.empty());
  EXPECT_TRUE(whole.accounts[0].faults.empty()) << whole.accounts[0].faults.front();
}

TEST_P(MongodbLedger, TheFirstLeafAloneIsAPosition) {
  EXPECT_EQ(agent_.connect().value(), std::nullopt);
  report_of(agent_.store().flush(opening(agent_)));
  const auto position = agent_.connect();
  ASSERT_TRUE(position && *position);
  EXPECT_EQ((*position)->last_leaf, 0U);
}

TEST_P(MongodbLedger, WhatIsFlushedAgainChangesNothing) {
  const auto versions = accept(agent_, {failed(1).log_id("a"), failed(2).log_id("b")});
  for (int round = 0; round < 3; ++round) {
    report_of(agent_.store().flush(opening(agent_)));
    report_of(agent_.store().flush(batch_of(agent_, versions, 1, 2)));
    break_contact(agent_);
  }
  report_of(agent_.store().flush(batch_of(agent_, {&versions[1], 1}, 2, 2)));  // Cut otherwise.
  const WholeStore whole = whole_store(settings_);
  EXPECT_EQ(whole.rows.size(), 2U);
  EXPECT_EQ(whole.tiles.size(), 3U);
  EXPECT_EQ(whole.checkpoints.size(), 1U);
  EXPECT_TRUE(whole.leaves.empty());
  EXPECT_TRUE(whole.broken.empty());
  testing::expect_fold(settings_, versions);
}

TEST_P(MongodbLedger, AFurtherAcceptanceOfTheSameContentIsALeaf) {
  TestAgent other{settings_, 2};
  const auto mine = accept(agent_, {failed(1).log_id("a").hash(1), failed(2).log_id("a").hash(2)});
  const auto again = accept(agent_, {failed(1).log_id("a").hash(1), failed(2).log_id("a").hash(2),
                                     failed(1).log_id("b").hash(3), failed(1).log_id("b").hash(3)});
  const auto theirs = accept(other, {failed(1).log_id("a").hash(1)});
  report_of(agent_.store().flush(batch_of(agent_, mine, 1, 2)));
  for (int round = 0; round < 2; ++round) {
    report_of(agent_.store().flush(batch_of(agent_, again, 3, 6)));
    report_of(other.store().flush(batch_of(other, theirs, 1, 1)));
  }
  const WholeStore whole = whole_store(settings_);
  EXPECT_EQ(whole.rows.size(), 3U);  // Two records, one conflict.
  ASSERT_EQ(whole.leaves.size(), 4U);
  for (const LedgerLeafRow& leaf : whole.leaves) {
    const Version& sent = leaf.epoch_id == other.epoch_id() ? theirs[0] : again[leaf.leaf_index - 3];
    EXPECT_EQ(leaf.leaf, event_leaf(sent));
    EXPECT_EQ(leaf.log_id, sent.event.log_id);
    EXPECT_EQ(leaf.tenant_seq, sent.ledger->tenant_seq);
    EXPECT_EQ(leaf.record_key, sent.ledger->record_key);
  }
  EXPECT_TRUE(whole.broken.empty());
}

TEST_P(MongodbLedger, ARepeatOfWhatWasErasedIsALeafWithoutItsKey) {
  const auto versions = accept(agent_, {failed(1).log_id("a").hash(1)});
  const auto again = accept(agent_, {failed(1).log_id("a").hash(1), failed(2).log_id("a").hash(2)});
  report_of(agent_.store().flush(batch_of(agent_, versions, 1, 1)));
  testing::update_all(settings_, mongodb::kRecords,
                      R"({"$unset":{"content_hash":"","record_key":"","username":""},)"
                      R"("$set":{"salts":{"$binary":{"base64":"AQA=","subType":"00"}}}})");
  const FlushReport report = report_of(agent_.store().flush(batch_of(agent_, again, 2, 3)));
  EXPECT_EQ(report.duplicates, 2U);
  report_of(agent_.store().flush(batch_of(agent_, versions, 1, 1)));  // Sent again after a rewind: it lies there.
  const WholeStore whole = whole_store(settings_);
  EXPECT_EQ(whole.rows.size(), 1U);
  ASSERT_EQ(whole.leaves.size(), 2U);
  for (const LedgerLeafRow& leaf : whole.leaves) {
    EXPECT_EQ(leaf.leaf, event_leaf(again[leaf.leaf_index - 2]));
    EXPECT_FALSE(leaf.record_key);
  }
  const auto records = read_records(settings_, testing::keys_of(versions));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].is_erased);
}

TEST_P(MongodbLedger, DocumentsFromBeforeTheLedgerLieBesideTheNew) {
  const auto old = agent_.accept({failed(1).log_id("old").hash(1)});
  report_of(agent_.flush(old));
  const auto repeated = agent_.accept({failed(1).log_id("old").hash(1)});
  report_of(agent_.flush(repeated));
  const auto young = accept(agent_, {failed(1).log_id("young").hash(2)});
  report_of(agent_.store().flush(batch_of(agent_, young, 3, 3)));
  const WholeStore whole = whole_store(settings_);
  ASSERT_EQ(whole.rows.size(), 2U);
  for (const LedgerRow& row : whole.rows) {
    EXPECT_TRUE(row.faults.empty());
    EXPECT_EQ(row.version.ledger.has_value(), row.version.event.log_id == "young");
    EXPECT_EQ(row.tenant_seq.has_value(), row.version.event.log_id == "young");
  }
  EXPECT_TRUE(whole.leaves.empty());
}

TEST_P(MongodbLedger, EpochsFollowEachOtherInOneStore) {
  TestAgent next{settings_, 2};
  const Uuid epochs[] = {agent_.epoch_id(), next.epoch_id()};
  ASSERT_TRUE(agent_.store().connect(epochs));
  const auto first = accept(agent_, {failed(1).log_id("a").user("u")});
  const auto second = accept(next, {failed(2).log_id("b").user("u")});
  report_of(agent_.store().flush(batch_of(agent_, first, 1, 1)));
  FlushBatch batch = batch_of(next, second, 0, 1);
  batch.closed = {agent_.epoch_id()};
  report_of(agent_.store().flush(batch));
  const auto positions = agent_.store().connect(epochs);
  ASSERT_TRUE(positions);
  ASSERT_TRUE((*positions)[0] && (*positions)[1]);
  EXPECT_EQ((*positions)[0]->last_leaf, 1U);
  std::vector<Version> all{first[0], second[0]};
  testing::expect_fold(settings_, all);
  const auto accounts = accounts_of(first[0].event);
  ASSERT_FALSE(accounts.empty());
  EXPECT_EQ(testing::marks_of(settings_, {first[0].event.tenant_id, accounts[0]}), std::set<Uuid>{next.epoch_id()});
}

TEST_P(MongodbLedger, ReadsBackLeavesAndTheNewestCheckpoints) {
  FlushBatch batch = opening(agent_);
  batch.position.last_leaf = 2;
  batch.ledger.own_leaves = {{1, "one"}, {2, "two"}};
  batch.ledger.checkpoints.push_back({.size = 3, .root = sha256("3"), .note = "note 3", .accepted_at = kNoon + 5000});
  report_of(agent_.store().flush(batch));
  const auto reader = make_mongodb_reader(settings_);
  const LeafPlace places[] = {{agent_.epoch_id(), 2}, {agent_.epoch_id(), 9}};
  const auto leaves = reader->leaves(places);
  ASSERT_TRUE(leaves && leaves->size() == 1);
  EXPECT_EQ((*leaves)[0].leaf, "two");
  const auto seen = reader->newest_checkpoints(1);
  ASSERT_TRUE(seen && seen->size() == 1);
  EXPECT_EQ((*seen)[0].note, "note 3");
  EXPECT_EQ((*seen)[0].open, "open leaf");
  EXPECT_EQ((*seen)[0].beginning_note, "note 1");
}

TEST_P(MongodbLedger, FindsPruneLeavesByTheEpochsThatTheyName) {
  Uuid mine{};
  mine.fill(7);
  Uuid theirs{};
  theirs.fill(8);
  PruneLeaf prune;
  prune.ranges = {{mine, 3, 5}};
  GapLeaf gap;
  gap.ranges = {{mine, 3, 5}};
  FlushBatch batch = opening(agent_);
  batch.position.last_leaf = 2;
  const std::string leaf = encode_leaf({agent_.epoch_id(), 1, kNoon}, prune);
  batch.ledger.own_leaves = {{1, leaf}, {2, encode_leaf({agent_.epoch_id(), 2, kNoon}, gap)}};
  report_of(agent_.store().flush(batch));
  const auto reader = make_mongodb_reader(settings_);
  const auto found = reader->prunes_of(std::vector<Uuid>{theirs, mine});
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_EQ((*found)[0].leaf, leaf);
  const auto others = reader->prunes_of(std::vector<Uuid>{theirs});
  ASSERT_TRUE(others);
  EXPECT_TRUE(others->empty());
}

TEST_P(MongodbLedger, NamesWhatNoAgentWrites) {
  const auto versions = accept(agent_, {failed(1).log_id("a")});
  FlushBatch batch = batch_of(agent_, versions, 1, 2);
  batch.ledger.own_leaves = {{2, "heartbeat"}};
  report_of(agent_.store().flush(batch));
  testing::update_all(settings_, mongodb::kRecords,
                      R"({"$set":{"extra":1,"leaf_index":9,"received_at_us":{"$numberLong":"77000"}}})");
  testing::update_all(settings_, mongodb::kLedgerLeaves, R"({"$set":{"leaf_index":{"$numberLong":"7"}}})");
  testing::update_all(settings_, mongodb::kLedgerTiles, R"({"$set":{"leaf_count":"two"}})");
  const WholeStore whole = whole_store(settings_);
  ASSERT_EQ(whole.rows.size(), 1U);
  EXPECT_THAT(whole.rows[0].faults,
              ::testing::UnorderedElementsAre("extra is a field that no agent writes", "leaf_index is of another type",
                                              "received_at is not the time of its microseconds"));
  EXPECT_TRUE(whole.tiles.empty());
  ASSERT_EQ(whole.broken.size(), 2U);
  EXPECT_EQ(whole.broken[0].words, "leaf_count is of another type");
  EXPECT_EQ(whole.broken[1].words, "_id is not the key");
}

INSTANTIATE_TEST_SUITE_P(Servers, MongodbLedger, ::testing::Values(&testing::java_server_port, &testing::ferretdb_port),
                         [](const auto& tested) { return tested.index == 0 ? "MongoJavaServer" : "FerretDb"; });

}  // namespace
}  // namespace twinlog
