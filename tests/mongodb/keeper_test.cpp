// Erasure, retention and retirement in the document store (plugins/api/keeper.h), on both servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/tree/merkle.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"

namespace twinlog {
namespace {

using testing::failed;
using testing::report_of;
using testing::success;
using testing::TestAgent;

const std::vector<EventKey> key_of_a = {{"t", "a"}};
const std::vector<std::uint8_t> person_fields = {kFieldUserId, kFieldUsername, 9};

template <typename Row>
RowSink<Row> into(std::vector<Row>& rows) {
  return [&rows](Row&& row) -> Status {
    rows.push_back(std::move(row));
    return {};
  };
}

class MongodbKeeper : public ::testing::TestWithParam<std::uint16_t (*)()> {
 protected:
  MongodbKeeper() {
    const auto failure = keeper_->connect();
    EXPECT_FALSE(failure.has_value()) << failure->words;
  }

  /// As the spool keeps them: with places in the tree.
  static std::vector<Version> deliver(TestAgent& agent, std::vector<Version> versions) {
    versions = agent.accept(std::move(versions));
    for (Version& version : versions) {
      version.event.ip = "192.0.2.7";
      version.event.service = "portal";
      version.arrival.ingress = Ingress::kUnix;  // A leaf without one is none.
      version.ledger = LedgerPlace{.tenant_seq = version.leaf_index - 1, .record_key = {}};
      version.ledger->record_key.fill(static_cast<std::uint8_t>(version.leaf_index));
    }
    report_of(agent.flush(versions));
    return versions;
  }

  ErasureReport erase(const std::vector<EventKey>& keys, const std::vector<std::uint8_t>& fields) {
    const auto report = keeper_->erase({keys, fields});
    EXPECT_TRUE(report.ok()) << report.error().code << report.error().words;
    return report.ok() ? *report : ErasureReport{};
  }

  std::vector<LedgerRow> rows() {
    std::vector<LedgerRow> found;
    EXPECT_FALSE(reader_->rows(into(found)).has_value());
    return found;
  }
  std::vector<LedgerLeafRow> leaves() {
    std::vector<LedgerLeafRow> found;
    EXPECT_FALSE(reader_->leaves(into(found)).has_value());
    return found;
  }
  std::vector<std::string> accounts() {
    std::vector<LedgerAccountRow> found;
    EXPECT_FALSE(reader_->accounts(into(found)).has_value());
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const LedgerAccountRow& row : found) {
      names.push_back(row.key.account);
    }
    std::ranges::sort(names);
    return names;
  }

  StoreSettings settings_ = testing::settings_for(GetParam()(), testing::fresh_database());
  TestAgent agent_{settings_, 1};
  TestAgent other_{settings_, 2};
  std::unique_ptr<LedgerReader> reader_ = make_mongodb_ledger_reader(settings_);
  std::unique_ptr<StoreKeeper> keeper_ = make_mongodb_keeper(settings_);
};

/// The leaf of an erased row can be made again.
void expect_same_leaf(const LedgerRow& row, const Version& was) {
  EXPECT_EQ(row.faults, std::vector<std::string>{});
  EXPECT_FALSE(row.version.event.user_id || row.version.event.ip || row.version.event.account || row.version.ledger);
  EXPECT_EQ(row.version.event.service, was.event.service);
  const auto kept = parse_salts(row.salts);
  ASSERT_TRUE(kept);
  const auto root = content_root(row.version.event, *kept);
  ASSERT_TRUE(root);
  const std::string leaf = event_leaf(row.version, *row.tenant_seq, *root);
  EXPECT_EQ(leaf, event_leaf(was));
  EXPECT_EQ(row.has_content_hash, row.is_conflict);
  if (row.is_conflict) {
    EXPECT_EQ(row.version.content_hash, leaf_hash(leaf));
  }
}

TEST_P(MongodbKeeper, TakesTheValuesOfARecordItsConflictsAndFurtherAcceptancesAndEveryLeafStaysProvable) {
  const auto versions = deliver(
      agent_, {failed(1).log_id("a").hash(1), failed(2).log_id("a").hash(2), failed(3).log_id("b").user("v").hash(3)});
  const auto again = deliver(other_, {failed(1).log_id("a").hash(1)});
  const ErasureReport report = erase(key_of_a, person_fields);
  EXPECT_EQ(report.records, 1U);
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_EQ(report.further_acceptances, 1U);
  ASSERT_EQ(rows().size(), 3U);
  for (const LedgerRow& row : rows()) {
    const Version& was = versions.at(row.version.leaf_index - 1);
    if (was.event.log_id == "b") {
      EXPECT_EQ(row.version, was);
    } else {
      expect_same_leaf(row, was);
    }
  }
  const auto further = leaves();
  ASSERT_EQ(further.size(), 1U);
  EXPECT_FALSE(further[0].record_key);
  const auto kept = parse_salts(further[0].salts);
  ASSERT_TRUE(kept);
  AuthEvent rest = again[0].event;
  rest.user_id = rest.ip = rest.account = std::nullopt;
  const auto root = content_root(rest, *kept);
  ASSERT_TRUE(root) << (root ? "" : root.error().message());
  EXPECT_EQ(event_leaf(again[0], again[0].ledger->tenant_seq, *root), further[0].leaf);
}

TEST_P(MongodbKeeper, RepeatingAnErasureChangesNothingAndErasingMoreGoesOn) {
  const auto versions = deliver(agent_, {failed(1).log_id("a").hash(1), failed(2).log_id("a").hash(2)});
  erase(key_of_a, {9});
  const ErasureReport again = erase(key_of_a, {9});
  EXPECT_EQ(again.records + again.conflicts + again.further_acceptances + again.accounts, 0U);
  EXPECT_EQ(erase(key_of_a, person_fields).conflicts, 1U);
  for (const LedgerRow& row : rows()) {
    expect_same_leaf(row, versions.at(row.version.leaf_index - 1));
  }
}

TEST_P(MongodbKeeper, TakesAwayTheAccountsThatNothingElseFeeds) {
  deliver(agent_, {success(1).log_id("a").name("U@x", "u@x").hash(1), failed(2).log_id("b").hash(2)});
  EXPECT_EQ(accounts(), (std::vector<std::string>{"id:u", "name:u@x"}));
  EXPECT_EQ(erase(key_of_a, person_fields).accounts, 1U);
  EXPECT_EQ(accounts(), std::vector<std::string>{"id:u"});
  EXPECT_EQ(erase({{"t", "b"}}, person_fields).accounts, 1U);
  EXPECT_EQ(accounts(), std::vector<std::string>{});
}

TEST_P(MongodbKeeper, PrunesWholeRecords) {
  deliver(agent_, {failed(1).log_id("a").hash(1), failed(2).log_id("a").hash(2), failed(3).log_id("b").hash(3)});
  deliver(other_, {failed(1).log_id("a").hash(1)});
  const auto report = keeper_->prune(key_of_a);
  ASSERT_TRUE(report.ok()) << report.error().words;
  EXPECT_EQ(report->records, 1U);
  EXPECT_EQ(report->conflicts, 1U);
  EXPECT_EQ(report->further_acceptances, 1U);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows()[0].version.event.log_id, "b");
  EXPECT_TRUE(leaves().empty());
  const auto again = keeper_->prune(key_of_a);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->records, 0U);
}

TEST_P(MongodbKeeper, TellsWhatBelongsToARecordAndFindsKeys) {
  deliver(agent_, {failed(30).log_id("a").hash(1), success(10).log_id("b").name("U@x", "u@x").hash(2),
                   failed(20).log_id("c").user("w").hash(3), failed(40).log_id("c").hash(4)});
  const auto found = keeper_->records(std::vector<EventKey>{{"t", "c"}, {"t", "nowhere"}});
  ASSERT_TRUE(found.ok()) << found.error().words;
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().leaves.size(), 2U);
  EXPECT_EQ(found->front().newest_received_at, 40);
  EXPECT_EQ(found->front().accounts, (std::vector<std::string>{"id:u", "id:w"}));
  const auto ids = [](const StoreResult<std::vector<EventKey>>& keys) {
    std::vector<std::string> names;
    EXPECT_TRUE(keys.ok());
    for (const EventKey& key : *keys) {
      names.push_back(key.log_id);
    }
    return names;
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(ids(keeper_->keys_of_account({"t", "id:u"}, "", 10)), (Lines{"a", "b", "c"}));
  EXPECT_EQ(ids(keeper_->keys_of_account({"t", "id:u"}, "a", 1)), Lines{"b"});
  EXPECT_EQ(ids(keeper_->keys_of_account({"t", "name:u@x"}, "", 10)), Lines{"b"});
  EXPECT_EQ(ids(keeper_->keys_before(0, 25, 10)), (Lines{"b", "c"}));
  EXPECT_EQ(ids(keeper_->keys_before(15, 60, 1)), Lines{"c"});
}

TEST_P(MongodbKeeper, RetiresAnEpochOnce) {
  FlushBatch batch{.epoch_id = agent_.epoch_id(), .versions = {}, .position = {}};
  batch.ledger.beginning = EpochBeginning{.origin = "o", .open = "open", .note = "note"};
  report_of(agent_.store().flush(batch));
  EXPECT_FALSE(keeper_->retire(agent_.epoch_id(), "first").has_value());
  EXPECT_FALSE(keeper_->retire(agent_.epoch_id(), "second").has_value());
  std::vector<LedgerEpochRow> epochs;
  ASSERT_FALSE(reader_->epochs(into(epochs)).has_value());
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_EQ(epochs[0].retired, "first");
}

TEST_P(MongodbKeeper, WhatIsTheKeyOfARecordIsNotErased) {
  for (const std::uint8_t field : std::vector<std::uint8_t>{1, 2, 3, 4, 27}) {
    const std::vector<std::uint8_t> fields{field};
    EXPECT_FALSE(keeper_->erase({key_of_a, fields}).ok()) << int{field};
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, MongodbKeeper, ::testing::Values(&testing::java_server_port, &testing::ferretdb_port),
                         [](const auto& tested) { return tested.index == 0 ? "MongoJavaServer" : "FerretDb"; });

}  // namespace
}  // namespace twinlog
