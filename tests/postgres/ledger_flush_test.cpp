// What a flush writes for the ledger.
#include "ledger/leaf/event_leaf.h"
#include "tests/postgres/ledger_rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::kNoon;
using testing::LedgerAgent;
using testing::select;
using testing::TestAgent;
using testing::whole_store;
using Lines = std::vector<std::string>;

AuthEvent with_service(AuthEvent event, const std::string& service) {
  event.service = service;
  return event;
}

class PostgresLedgerFlush : public ::testing::Test {
 protected:
  PostgresLedgerFlush() { database_.migrate(); }
  Lines rows(const std::string& sql) { return select(*owner_, sql); }

  Database database_;
  LedgerAgent agent_{database_};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
};

TEST_F(PostgresLedgerFlush, RecordsAndConflictsKeepTheirPlaceAndTheirLeafCanBeMadeAgain) {
  const auto versions = agent_.accept_all(
      {event_of("u", "login_failed", "a"), with_service(event_of("u", "login_failed", "a"), "other"), event("x", "b")});
  agent_.flush(versions);
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.rows.size(), 3U);
  for (const LedgerRow& row : whole.rows) {
    EXPECT_EQ(row.version, versions.at(row.version.leaf_index)) << row.version.event.log_id;
    EXPECT_EQ(event_leaf(row.version), event_leaf(versions.at(row.version.leaf_index)));
    EXPECT_EQ(row.is_conflict, row.version.leaf_index == 1);
    EXPECT_EQ(row.has_conflict, row.version.event.log_id == "a");
    EXPECT_TRUE(row.has_content_hash);
    EXPECT_EQ(row.faults, Lines{});
  }
  EXPECT_EQ(rows("SELECT ingress, peer_uid, peer_gid, salts FROM auth_logs WHERE log_id = 'b'"),
            Lines{"(1,1000,1001,)"});
}

TEST_F(PostgresLedgerFlush, AnEventWithoutAPeerHasNone) {
  Version version = agent_.accept(event("x", "a"));
  version.arrival = {.ingress = Ingress::kHttp};
  agent_.flush({version});
  EXPECT_EQ(rows("SELECT ingress, peer_uid, peer_gid FROM auth_logs"), Lines{"(2,,)"});
  EXPECT_EQ(whole_store(database_).rows.at(0).version, version);
}

TEST_F(PostgresLedgerFlush, WhatCameBeforeTheLedgerHasNothingInItsColumns) {
  TestAgent older(database_);
  Version version = older.accept(event("x", "a"));
  version.arrival = {.ingress = Ingress::kHttp, .uid = 5, .gid = 5};
  older.flush({version});
  EXPECT_EQ(rows("SELECT num_nulls(tenant_seq, ingress, peer_uid, peer_gid, record_key, salts) FROM auth_logs"),
            Lines{"(6)"});
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.rows.size(), 1U);
  EXPECT_FALSE(whole.rows[0].version.ledger || whole.rows[0].tenant_seq);
  EXPECT_EQ(whole.rows[0].faults, Lines{});
}

TEST_F(PostgresLedgerFlush, BeginningTilesLeavesAndNotesAreWrittenOnceHoweverOftenTheyAreSent) {
  const OwnLeaf open = agent_.own_leaf("the OPEN leaf");
  const Version version = agent_.accept(event_of("u", "login_failed", "a"));
  const OwnLeaf beat = agent_.own_leaf("a heartbeat");
  FlushBatch batch = agent_.batch({version}, {open, beat});
  batch.versions = {&version, 1};
  batch.ledger.beginning = {.origin = "twinlog/agent/epoch", .open = open.leaf, .note = "size 1"};
  batch.ledger.checkpoints = {{.size = 1, .root = sha256("1"), .note = "size 1", .accepted_at = kNoon},
                              {.size = 3, .root = sha256("3"), .note = "size 3", .accepted_at = kNoon + 7}};
  agent_.flush(batch);
  const auto first = whole_store(database_);
  ASSERT_EQ(first.epochs.size(), 1U);
  EXPECT_EQ(first.epochs[0].epoch_id, uuid_text(agent_.epoch()));
  EXPECT_EQ(first.epochs[0].origin, "twinlog/agent/epoch");
  EXPECT_EQ(first.epochs[0].open, open.leaf);
  EXPECT_EQ(first.epochs[0].note, "size 1");
  EXPECT_EQ(first.epochs[0].retired, "");
  ASSERT_EQ(first.tiles.size(), 1U);
  EXPECT_EQ(first.tiles[0].epoch_id, agent_.epoch());
  EXPECT_EQ(first.tiles[0].first_index, 0U);
  EXPECT_EQ(first.tiles[0].leaf_count, 3U);
  EXPECT_EQ(first.tiles[0].first_accept_at, kNoon);
  EXPECT_EQ(first.tiles[0].last_accept_at, kNoon + 1);
  EXPECT_EQ(first.tiles[0].hashes.substr(32, 32), as_text(sha256("leaf 1")));
  ASSERT_EQ(first.leaves.size(), 2U);
  EXPECT_EQ(first.leaves[1].leaf_index, 2U);
  EXPECT_EQ(first.leaves[1].leaf, beat.leaf);
  EXPECT_FALSE(first.leaves[1].tenant_id || first.leaves[1].record_key || first.leaves[1].tenant_seq);
  ASSERT_EQ(first.checkpoints.size(), 2U);
  EXPECT_EQ(first.checkpoints[1].size, 3U);
  EXPECT_EQ(first.checkpoints[1].root, as_text(sha256("3")));
  EXPECT_EQ(first.checkpoints[1].accepted_at, kNoon + 7);
  const std::string state =
      "SELECT 'e', xmin::text, ctid::text FROM ledger_epochs UNION ALL SELECT 't', xmin::text, ctid::text FROM "
      "ledger_tiles UNION ALL SELECT 'l', xmin::text, ctid::text FROM ledger_leaves UNION ALL SELECT 'c', xmin::text, "
      "ctid::text FROM ledger_checkpoints ORDER BY 1, 3";
  const Lines before = rows(state);
  agent_.store().disconnect();
  EXPECT_EQ(agent_.flush(batch).duplicates, 1U);
  EXPECT_EQ(rows(state), before);
}

TEST_F(PostgresLedgerFlush, ARetryThatIsCutOtherwiseLeavesTilesThatOverlap) {
  const auto versions = agent_.accept_all({event("x", "a"), event("x", "b"), event("x", "c")});
  agent_.flush(versions);
  agent_.flush({versions.begin() + 1, versions.end()});
  EXPECT_EQ(rows("SELECT first_index, leaf_count FROM ledger_tiles ORDER BY 1"), (Lines{"(0,3)", "(1,2)"}));
  EXPECT_EQ(rows("SELECT count(*) FROM ledger_leaves"), Lines{"(0)"});
}

TEST_F(PostgresLedgerFlush, ABatchWithoutAnyEventWritesItsLeavesAndLeavesTheNewestEventWhereItIs) {
  agent_.deliver({event("x", "a", 5)});
  FlushBatch idle = agent_.batch({}, {agent_.own_leaf("a heartbeat")});
  const FlushReport report = agent_.flush(idle);
  EXPECT_EQ(report.inserted + report.duplicates + report.conflicts + report.accounts, 0U);
  EXPECT_LE(report.round_trips, 2U);
  EXPECT_EQ(
      rows("SELECT last_leaf_index, newest_effective_at = timestamptz '2026-01-05 12:00:05+00' FROM twinlog_agents"),
      Lines{"(1,t)"});
}

TEST_F(PostgresLedgerFlush, TheLedgerCostsNoRoundTrip) {
  TestAgent older(database_);
  EXPECT_EQ(older.deliver({event("x", "a"), event("x", "b")}).round_trips, 2U);
  FlushBatch batch = agent_.batch({}, {agent_.own_leaf("a heartbeat")});
  const auto versions = agent_.accept_all({event("x", "c"), event("x", "d")});
  batch.versions = versions;
  batch.position.last_leaf = 2;
  batch.ledger.checkpoints = {{.size = 1, .root = sha256("1"), .note = "size 1", .accepted_at = kNoon}};
  EXPECT_EQ(agent_.flush(batch).round_trips, 2U);
}

TEST_F(PostgresLedgerFlush, EachEpochHasAPositionOfItsOwnAndIsClosedOnce) {
  agent_.deliver({event("x", "a"), event("x", "b")});
  const Uuid first = agent_.epoch();
  agent_.begin(2);
  FlushBatch second = agent_.batch({}, {agent_.own_leaf("OPEN")});
  second.closed = {first};
  agent_.flush(second);
  agent_.store().disconnect();
  const Uuid unknown{};
  const Uuid asked[] = {unknown, agent_.epoch(), first};
  const auto positions = agent_.store().connect(asked);
  ASSERT_TRUE(positions.ok());
  ASSERT_EQ(positions->size(), 3U);
  EXPECT_FALSE((*positions)[0]);
  EXPECT_EQ((*positions)[1]->last_leaf, 0U);
  EXPECT_EQ((*positions)[2]->last_leaf, 1U);
  const std::string closed =
      "SELECT last_leaf_index, closed_at = timestamptz '2026-01-05 12:00:00+00' FROM "
      "twinlog_agents ORDER BY epoch_id";
  EXPECT_EQ(rows(closed), (Lines{"(1,t)", "(0,)"}));
  FlushBatch last = agent_.batch({}, {agent_.own_leaf("CLOSE")});
  last.position.flushed_at = kNoon + 9'000'000;
  last.closed = {first, agent_.epoch()};
  agent_.flush(last);
  EXPECT_EQ(rows("SELECT closed_at = timestamptz '2026-01-05 12:00:00+00' FROM twinlog_agents ORDER BY epoch_id"),
            (Lines{"(t)", "(f)"}));
}

TEST_F(PostgresLedgerFlush, AnEpochThatConnectWasNotAskedForIsExpectedToBeNew) {
  agent_.deliver({event("x", "a")});
  ASSERT_TRUE(agent_.store().connect({}).ok());
  const auto result = agent_.try_flush(agent_.batch({}, {agent_.own_leaf("a heartbeat")}));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().words, kPositionMovedWords);
}

TEST_F(PostgresLedgerFlush, OfARefusedVersionTheHashIsKept) {
  execute(*owner_, {"ALTER TABLE auth_logs ADD CONSTRAINT no_x CHECK (log_id <> 'x')"});
  const auto versions = agent_.accept_all({event("e", "a"), event("e", "x"), event("e", "b")});
  FlushBatch batch = agent_.batch(versions, {agent_.own_leaf("a heartbeat")});
  const FlushReport report = agent_.flush(batch);
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].leaf_index, 1U);
  EXPECT_EQ(rows("SELECT first_index, leaf_count, octet_length(hashes) FROM ledger_tiles"), Lines{"(0,4,128)"});
  EXPECT_EQ(rows("SELECT leaf_index FROM ledger_leaves"), Lines{"(3)"});
  execute(*owner_, {"ALTER TABLE auth_logs DROP CONSTRAINT no_x"});
  FlushBatch replay{.epoch_id = agent_.epoch(), .versions = {&versions[1], 1}, .position = {}, .is_replay = true};
  EXPECT_EQ(agent_.flush(replay).inserted, 1U);
  EXPECT_EQ(rows("SELECT leaf_index FROM auth_logs WHERE log_id = 'x'"), Lines{"(1)"});
}

TEST_F(PostgresLedgerFlush, WithoutTheRightToWriteATileNothingIsWritten) {
  execute(*owner_, {"DROP ROLE IF EXISTS no_tiles", "CREATE ROLE no_tiles LOGIN IN ROLE twinlog_writer",
                    "REVOKE INSERT ON ledger_tiles FROM twinlog_writer"});
  LedgerAgent agent(database_, 9, "no_tiles");
  const auto versions = agent.accept_all({event("e", "a")});
  const auto result = agent.try_flush(agent.batch(versions));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(reaction_text(result.error().reaction), reaction_text(Reaction::kHold));
  EXPECT_EQ(result.error().code, "42501");
  EXPECT_EQ(rows("SELECT count(*) FROM auth_logs"), Lines{"(0)"});
}

class PostgresSwallowedLedger : public ::testing::TestWithParam<const char*> {};

TEST_P(PostgresSwallowedLedger, IsHeldWithWordsAndArrivesWhenTheTriggerIsGone) {
  const std::string table = GetParam();
  const Database database;
  database.migrate();
  const auto owner = database.session();
  LedgerAgent agent(database);
  execute(*owner,
          {"CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
           "CREATE TRIGGER drop_noise BEFORE INSERT ON " + table + " FOR EACH ROW EXECUTE FUNCTION drop_noise()"});
  const auto versions = agent.accept_all({event_of("u", "login_failed", "a")});
  FlushBatch batch = agent.batch(versions, {agent.own_leaf("a heartbeat")});
  batch.ledger.beginning = {.origin = "o", .open = "open", .note = "note"};
  batch.ledger.checkpoints = {{.size = 2, .root = sha256("2"), .note = "size 2", .accepted_at = kNoon}};
  const auto result = agent.try_flush(batch);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(reaction_text(result.error().reaction), reaction_text(Reaction::kHold));
  EXPECT_NE(result.error().words.find(table), std::string::npos) << result.error().words;
  EXPECT_NE(result.error().words.find("trigger or rule"), std::string::npos);
  EXPECT_EQ(select(*owner, "SELECT count(*) FROM auth_logs"), Lines{"(0)"});
  execute(*owner, {"DROP TRIGGER drop_noise ON " + table});
  EXPECT_EQ(agent.flush(batch).inserted, 1U);
  EXPECT_EQ(select(*owner, "SELECT count(*) FROM " + table), Lines{"(1)"});
}

INSTANTIATE_TEST_SUITE_P(Tables, PostgresSwallowedLedger,
                         ::testing::Values("ledger_epochs", "ledger_tiles", "ledger_leaves", "ledger_checkpoints"));

}  // namespace
}  // namespace twinlog
