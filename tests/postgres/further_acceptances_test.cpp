// Every accepted version has its leaf in the store: in its row, or in ledger_leaves where the row is another one's.
#include "ledger/leaf/event_leaf.h"
#include "tests/postgres/ledger_rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::LedgerAgent;
using testing::select;
using testing::TestAgent;
using testing::whole_store;
using Lines = std::vector<std::string>;

AuthEvent failure(const std::string& log_id, const std::string& service = "") {
  AuthEvent made = event_of("u", "login_failed", log_id);
  if (!service.empty()) {
    made.service = service;
  }
  return made;
}

class PostgresFurtherAcceptances : public ::testing::Test {
 protected:
  PostgresFurtherAcceptances() { database_.migrate(); }

  /// That the leaf of this version, and of no other, lies in ledger_leaves.
  void expect_only(const Version& version) {
    const auto whole = whole_store(database_);
    ASSERT_EQ(whole.leaves.size(), 1U);
    const LedgerLeafRow& row = whole.leaves[0];
    EXPECT_EQ(row.epoch_id, version.epoch_id);
    EXPECT_EQ(row.leaf_index, version.leaf_index);
    EXPECT_EQ(row.leaf, event_leaf(version));
    EXPECT_EQ(row.tenant_id, version.event.tenant_id);
    EXPECT_EQ(row.log_id, version.event.log_id);
    EXPECT_EQ(row.tenant_seq, version.ledger->tenant_seq);
    EXPECT_EQ(row.record_key, version.ledger->record_key);
  }
  Lines rows(const std::string& sql) { return select(*owner_, sql); }

  Database database_;
  LedgerAgent agent_{database_, 1};
  LedgerAgent other_{database_, 2};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
};

TEST_F(PostgresFurtherAcceptances, OfAnotherAgentIsKeptBesideTheRecord) {
  agent_.deliver({failure("a")});
  const Version again = other_.accept(failure("a"));
  EXPECT_EQ(other_.flush({again}).duplicates, 1U);
  expect_only(again);
  EXPECT_EQ(rows("SELECT agent FROM auth_logs"), Lines{"(agent-1)"});
}

TEST_F(PostgresFurtherAcceptances, OfTheSameAgentIsKeptBesideTheRecord) {
  agent_.deliver({failure("a")});
  const Version again = agent_.accept(failure("a"));
  agent_.flush({again});
  expect_only(again);
}

TEST_F(PostgresFurtherAcceptances, WithinOneBatchIsKeptToo) {
  const auto versions = agent_.accept_all({failure("a"), failure("b"), failure("a")});
  const FlushReport report = agent_.flush(versions);
  EXPECT_EQ(report.inserted, 2U);
  EXPECT_EQ(report.duplicates, 1U);
  expect_only(versions[2]);
}

TEST_F(PostgresFurtherAcceptances, OfAConflictIsKeptBesideTheConflict) {
  agent_.deliver({failure("a"), failure("a", "other")});
  const Version again = other_.accept(failure("a", "other"));
  const FlushReport report = other_.flush({again});
  EXPECT_EQ(report.duplicates, 1U);
  expect_only(again);
}

TEST_F(PostgresFurtherAcceptances, OfAConflictThatTheSameBatchHoldsTwice) {
  agent_.deliver({failure("a")});
  const auto versions = other_.accept_all({failure("a", "other"), failure("a", "other")});
  EXPECT_EQ(other_.flush(versions).conflicts, 1U);
  expect_only(versions[1]);
}

TEST_F(PostgresFurtherAcceptances, OfTheRecordBesideANewConflictWithIt) {
  agent_.deliver({failure("a")});
  const auto versions = other_.accept_all({failure("a", "other"), failure("a")});
  const FlushReport report = other_.flush(versions);
  EXPECT_EQ(report.conflicts, 1U);
  expect_only(versions[1]);
}

TEST_F(PostgresFurtherAcceptances, OfARecordFromBeforeTheLedger) {
  TestAgent(database_).deliver({failure("a")});
  const Version again = agent_.accept(failure("a"));
  agent_.flush({again});
  expect_only(again);
}

TEST_F(PostgresFurtherAcceptances, AnAcceptanceFromBeforeTheLedgerHasNoLeaf) {
  agent_.deliver({failure("a")});
  TestAgent older(database_);
  EXPECT_EQ(older.deliver({failure("a")}).duplicates, 1U);
  EXPECT_EQ(rows("SELECT count(*) FROM ledger_leaves"), Lines{"(0)"});
}

TEST_F(PostgresFurtherAcceptances, ARepeatedFlushHasNone) {
  const auto versions = agent_.accept_all({failure("a"), failure("a", "other"), failure("b"), failure("a", "third")});
  const FlushBatch batch = agent_.batch(versions);
  agent_.flush(batch);
  agent_.flush(batch);
  EXPECT_EQ(agent_.flush({versions[3], versions[1], versions[0]}).duplicates, 3U);
  EXPECT_EQ(rows("SELECT count(*) FROM ledger_leaves"), Lines{"(0)"});
}

TEST_F(PostgresFurtherAcceptances, ARepeatedFlushKeepsEachOnce) {
  agent_.deliver({failure("a")});
  const auto versions = other_.accept_all({failure("a"), failure("a")});
  const FlushBatch batch = other_.batch(versions);
  other_.flush(batch);
  other_.flush(batch);
  EXPECT_EQ(rows("SELECT leaf_index FROM ledger_leaves ORDER BY 1"), (Lines{"(0)", "(1)"}));
}

TEST_F(PostgresFurtherAcceptances, OfADeadLetterThatAnotherAgentBroughtMeanwhile) {
  execute(*owner_, {"ALTER TABLE auth_logs ADD CONSTRAINT no_x CHECK (log_id <> 'x')"});
  const auto versions = agent_.accept_all({failure("a"), failure("x")});
  ASSERT_EQ(agent_.flush(versions).refused.size(), 1U);
  execute(*owner_, {"ALTER TABLE auth_logs DROP CONSTRAINT no_x"});
  other_.deliver({failure("x")});
  agent_.flush({.epoch_id = agent_.epoch(), .versions = {&versions[1], 1}, .position = {}, .is_replay = true});
  expect_only(versions[1]);
}

TEST_F(PostgresFurtherAcceptances, OfAnErasedRecordIsALeafWithoutItsKeyAndNothingElse) {
  const auto first = agent_.accept_all({failure("a"), failure("a", "other")});
  agent_.flush(first);
  execute(*owner_, {"UPDATE auth_logs SET content_hash = NULL, record_key = NULL, salts = 's', user_id = NULL",
                    "UPDATE auth_log_conflicts SET content_hash = sha256('its leaf'), record_key = NULL, salts = 's'"});
  const std::string accounts = "SELECT failed_login_attempts FROM account_lockouts";
  const Lines before = rows(accounts);
  const auto again = other_.accept_all({failure("a"), failure("a", "other"), failure("a", "third"), failure("a")});
  const FlushReport report = other_.flush(again);
  EXPECT_EQ(report.inserted + report.conflicts, 0U);
  EXPECT_EQ(report.duplicates, 4U);
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.leaves.size(), 4U);
  for (const LedgerLeafRow& leaf : whole.leaves) {
    EXPECT_EQ(leaf.leaf, event_leaf(again.at(leaf.leaf_index)));
    EXPECT_FALSE(leaf.record_key);
    EXPECT_EQ(leaf.tenant_id, "acme");
  }
  EXPECT_EQ(rows("SELECT count(*) FROM auth_log_conflicts"), Lines{"(1)"});
  EXPECT_EQ(rows(accounts), before);
  agent_.flush(first);  // Sent again: their rows are still theirs.
  EXPECT_EQ(rows("SELECT count(*) FROM ledger_leaves"), Lines{"(4)"});
}

TEST_F(PostgresFurtherAcceptances, ThatATriggerSwallowsAreHeld) {
  agent_.deliver({failure("a")});
  execute(*owner_, {"CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                    "CREATE TRIGGER drop_noise BEFORE INSERT ON ledger_leaves FOR EACH ROW EXECUTE FUNCTION "
                    "drop_noise()"});
  const Version again = other_.accept(failure("a"));
  const auto result = other_.try_flush(other_.batch({again}));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().words.find("ledger_leaves"), std::string::npos) << result.error().words;
}

}  // namespace
}  // namespace twinlog
