// Erasure, retention and retirement in PostgreSQL (plugins/api/keeper.h).
#include <algorithm>

#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/lockout/account_state.h"
#include "ledger/tree/merkle.h"
#include "tests/postgres/ledger_rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::LedgerAgent;
using testing::select;
using testing::TestAgent;
using testing::whole_store;
using Lines = std::vector<std::string>;

const std::vector<std::uint8_t> person_fields = {kFieldUserId, kFieldUsername, 9, 11};
const std::vector<EventKey> key_of_a = {{"acme", "a"}};

AuthEvent of(const std::string& user, const std::string& type, const std::string& log_id, std::int64_t seconds = 0) {
  AuthEvent made = event_of(user, type, log_id, seconds);
  made.username = user + "@example.com";
  made.ip = "192.0.2.7";
  made.service = "portal";
  return made;
}

class PostgresKeeper : public ::testing::Test {
 protected:
  PostgresKeeper() {
    database_.migrate();
    agent_.own_leaf("OPEN");  // No event's leaf is the first.
    other_.own_leaf("OPEN");
    execute(*owner_, {"DROP ROLE IF EXISTS a_keeper", "CREATE ROLE a_keeper LOGIN IN ROLE twinlog_keeper"});
    keeper_ = make_postgres_keeper(database_.settings("a_keeper"));
    const auto failure = keeper_->connect();
    EXPECT_FALSE(failure.has_value()) << failure->words;
  }
  ErasureReport erase(const std::vector<EventKey>& keys, const std::vector<std::uint8_t>& fields) {
    const auto report = keeper_->erase({keys, fields});
    EXPECT_TRUE(report.ok()) << report.error().code << report.error().words;
    return report.ok() ? *report : ErasureReport{};
  }
  Lines rows(const std::string& sql) { return select(*owner_, sql); }
  std::string state_of_all() {
    std::string all;
    for (const char* const table : {"auth_logs", "auth_log_conflicts", "ledger_leaves", "account_lockouts"}) {
      for (const std::string& line : rows(std::string("SELECT t.* FROM ") + table + " t ORDER BY t::text")) {
        all += line + "\n";
      }
    }
    return all;
  }

  Database database_;
  LedgerAgent agent_{database_, 1};
  LedgerAgent other_{database_, 2};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
  std::unique_ptr<StoreKeeper> keeper_;
};

TEST_F(PostgresKeeper, TakesTheValuesOfARecordItsConflictsAndFurtherAcceptancesAndEveryLeafStaysProvable) {
  AuthEvent changed = of("u", "login_failed", "a");
  changed.service = "other";
  const auto versions = agent_.accept_all({of("u", "login_failed", "a"), changed, of("v", "login_failed", "b")});
  agent_.flush(versions);
  const auto again = other_.accept_all({of("u", "login_failed", "a"), changed});
  other_.flush(again);
  const ErasureReport report = erase(key_of_a, person_fields);
  EXPECT_EQ(report.records, 1U);
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_EQ(report.further_acceptances, 2U);
  const auto whole = whole_store(database_);
  for (const LedgerRow& row : whole.rows) {
    const Version& was = versions.at(row.version.leaf_index - 1);
    EXPECT_EQ(row.faults, Lines{});
    if (was.event.log_id == "b") {
      EXPECT_EQ(row.version, was);
      continue;
    }
    EXPECT_FALSE(row.version.event.user_id || row.version.event.username || row.version.event.ip ||
                 row.version.event.account || row.version.ledger);
    EXPECT_EQ(row.version.event.service, was.event.service);
    EXPECT_EQ(row.tenant_seq, was.ledger->tenant_seq);
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
  ASSERT_EQ(whole.leaves.size(), 2U);
  for (const LedgerLeafRow& row : whole.leaves) {
    const Version& was = again.at(row.leaf_index - 1);
    EXPECT_FALSE(row.record_key);
    const auto kept = parse_salts(row.salts);
    ASSERT_TRUE(kept);
    AuthEvent rest = was.event;
    rest.user_id = rest.username = rest.ip = rest.account = std::nullopt;
    const auto root = content_root(rest, *kept);
    ASSERT_TRUE(root);
    EXPECT_EQ(event_leaf(was, was.ledger->tenant_seq, *root), row.leaf);
  }
}

TEST_F(PostgresKeeper, RepeatingAnErasureChangesNothing) {
  agent_.deliver({of("u", "login_failed", "a"), of("u", "login_success", "b")});
  other_.deliver({of("u", "login_failed", "a")});
  erase(key_of_a, person_fields);
  const std::string once = state_of_all();
  const ErasureReport again = erase(key_of_a, person_fields);
  EXPECT_EQ(again.records + again.conflicts + again.further_acceptances + again.accounts, 0U);
  EXPECT_EQ(state_of_all(), once);
}

TEST_F(PostgresKeeper, ErasesMoreOfWhatWasErasedBefore) {
  const auto versions = agent_.accept_all({of("u", "login_failed", "a")});
  agent_.flush(versions);
  const Version again = other_.accept(of("u", "login_failed", "a"));
  other_.flush({again});
  erase(key_of_a, {9});
  EXPECT_EQ(rows("SELECT ip, user_id FROM auth_logs"), Lines{"(,u)"});
  const ErasureReport more = erase(key_of_a, {kFieldUserId, 13});
  EXPECT_EQ(more.records, 1U);
  EXPECT_EQ(more.further_acceptances, 1U);
  const auto whole = whole_store(database_);
  const auto kept = parse_salts(whole.rows.at(0).salts);
  ASSERT_TRUE(kept);
  const auto root = content_root(whole.rows[0].version.event, *kept);
  ASSERT_TRUE(root);
  EXPECT_EQ(event_leaf(whole.rows[0].version, *whole.rows[0].tenant_seq, *root), event_leaf(versions[0]));
  EXPECT_FALSE(whole.rows[0].version.event.service);
}

TEST_F(PostgresKeeper, ARepeatOfWhatWasErasedComesBackAsALeafAlone) {
  const auto versions = agent_.accept_all({of("u", "login_failed", "a")});
  agent_.flush(versions);
  erase(key_of_a, person_fields);
  const std::string before = state_of_all();
  agent_.flush(versions);
  EXPECT_EQ(state_of_all(), before);
  other_.deliver({of("u", "login_failed", "a")});
  EXPECT_EQ(rows("SELECT tenant_id, log_id, record_key FROM ledger_leaves"), Lines{"(acme,a,)"});
  EXPECT_EQ(rows("SELECT user_id FROM auth_logs"), Lines{"()"});
}

TEST_F(PostgresKeeper, TakesAwayTheAccountsThatNothingElseFeeds) {
  agent_.deliver({of("u", "login_success", "a"), of("u", "login_failed", "b", 1), of("w", "login_success", "c")});
  EXPECT_EQ(rows("SELECT account FROM account_lockouts ORDER BY 1"),
            (Lines{"(id:u)", "(id:w)", "(name:u@example.com)", "(name:w@example.com)"}));
  EXPECT_EQ(erase(key_of_a, person_fields).accounts, 1U);  // The failure speaks to id:u alone.
  EXPECT_EQ(rows("SELECT account FROM account_lockouts ORDER BY 1"),
            (Lines{"(id:u)", "(id:w)", "(name:w@example.com)"}));
  EXPECT_EQ(erase({{"acme", "b"}}, person_fields).accounts, 1U);
  EXPECT_EQ(rows("SELECT account FROM account_lockouts ORDER BY 1"), (Lines{"(id:w)", "(name:w@example.com)"}));
}

TEST_F(PostgresKeeper, AnAccountOfANameStaysWhileAnEventWithBothNamesFeedsIt) {
  agent_.deliver({of("u", "login_success", "a"), of("x", "lockout_reset", "b")});
  AuthEvent third = of("y", "account_locked", "c", 5);
  third.username = "U@Example.COM";  // Folds to the first one's.
  agent_.deliver({third});
  erase(key_of_a, person_fields);
  EXPECT_EQ(rows("SELECT count(*) FROM account_lockouts WHERE account = 'name:u@example.com'"), Lines{"(1)"});
  EXPECT_EQ(rows("SELECT count(*) FROM account_lockouts WHERE account = 'id:u'"), Lines{"(0)"});
}

TEST_F(PostgresKeeper, InTheStateOfAnAccountTheErasedVersionHasNoHashAndNoWords) {
  AuthEvent locked = of("u", "account_locked", "a", 1);
  locked.lock_reason = "said so";
  locked.organisation_id = "north";
  agent_.deliver({locked, of("u", "login_failed", "b")});
  erase(key_of_a, {5, 22});
  EXPECT_EQ(rows("SELECT lock_kind, lock_reason, organisation_id FROM account_lockouts WHERE account = 'id:u'"),
            Lines{"(temporary,,)"});
  const auto whole = whole_store(database_);
  for (const LedgerAccountRow& row : whole.accounts) {
    const auto state = decode_account_state(row.state);
    ASSERT_TRUE(state);
    ASSERT_TRUE(state->lock && state->newest);
    EXPECT_EQ(state->lock->position.content_hash, Digest{});
    EXPECT_EQ(state->newest->position.content_hash, Digest{});
    EXPECT_EQ(state->newest->position.log_id, "a");
  }
}

TEST_F(PostgresKeeper, ErasesRowsFromBeforeTheLedger) {
  TestAgent older(database_);
  AuthEvent changed = of("u", "login_failed", "a");
  changed.service = "other";
  older.deliver({of("u", "login_failed", "a"), changed});
  EXPECT_EQ(erase(key_of_a, person_fields).conflicts, 1U);
  EXPECT_EQ(rows("SELECT user_id, content_hash, salts FROM auth_logs UNION ALL SELECT user_id, NULL, salts FROM "
                 "auth_log_conflicts"),
            (Lines{"(,,)", "(,,)"}));
  const std::string once = state_of_all();
  EXPECT_EQ(erase(key_of_a, person_fields).records, 0U);
  EXPECT_EQ(state_of_all(), once);
}

TEST_F(PostgresKeeper, WhatIsTheKeyOfARecordIsNotErased) {
  for (const std::uint8_t field : std::vector<std::uint8_t>{1, 2, 3, 4, 27}) {
    const std::vector<std::uint8_t> fields{field};
    EXPECT_FALSE(keeper_->erase({key_of_a, fields}).ok()) << int{field};
  }
}

TEST_F(PostgresKeeper, PrunesWholeRecordsAndLeavesTheTiles) {
  AuthEvent changed = of("u", "login_failed", "a");
  changed.service = "other";
  agent_.deliver({of("u", "login_failed", "a"), changed, of("u", "login_failed", "b")});
  other_.deliver({of("u", "login_failed", "a")});
  const auto report = keeper_->prune(key_of_a);
  ASSERT_TRUE(report.ok()) << report.error().words;
  EXPECT_EQ(report->records, 1U);
  EXPECT_EQ(report->conflicts, 1U);
  EXPECT_EQ(report->further_acceptances, 1U);
  EXPECT_EQ(rows("SELECT log_id FROM auth_logs"), Lines{"(b)"});
  EXPECT_EQ(rows("SELECT count(*) FROM ledger_tiles"), Lines{"(2)"});
  const auto again = keeper_->prune(key_of_a);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->records, 0U);
}

TEST_F(PostgresKeeper, TellsWhatBelongsToARecord) {
  AuthEvent changed = of("u", "login_success", "a");
  changed.user_id = "v";
  changed.account = "id:v";
  agent_.deliver({of("u", "login_success", "a"), changed});
  const Version again = other_.accept(of("u", "login_success", "a", 900));
  other_.flush({again});  // Another content, at another time.
  const Version third = other_.accept(of("u", "login_success", "a"));
  other_.flush({third});
  const auto found = keeper_->records(std::vector<EventKey>{{"acme", "a"}, {"acme", "nowhere"}, {"acme", "a"}});
  ASSERT_TRUE(found.ok()) << found.error().words;
  ASSERT_EQ(found->size(), 1U);
  KeptRecord record = found->front();
  std::ranges::sort(record.leaves);
  EXPECT_EQ(record.key, key_of_a[0]);
  EXPECT_EQ(record.leaves, (std::vector<LeafPlace>{
                               {agent_.epoch(), 1}, {agent_.epoch(), 2}, {other_.epoch(), 1}, {other_.epoch(), 2}}));
  EXPECT_EQ(record.newest_received_at, again.received_at);
  EXPECT_EQ(record.accounts, (Lines{"id:u", "id:v", "name:u@example.com"}));
}

TEST_F(PostgresKeeper, FindsKeysByAccountAndByTime) {
  AuthEvent changed = of("w", "login_failed", "c");
  changed.user_id = "u";
  changed.account = "id:u";
  agent_.deliver(
      {of("u", "login_failed", "a", 30), of("u", "login_success", "b", 10), of("w", "login_failed", "c", 20)});
  agent_.deliver({changed});  // A conflict that speaks to id:u.
  const auto ids = [](const StoreResult<std::vector<EventKey>>& keys) {
    Lines found;
    EXPECT_TRUE(keys.ok());
    for (const EventKey& key : *keys) {
      found.push_back(key.log_id);
    }
    return found;
  };
  EXPECT_EQ(ids(keeper_->keys_of_account({"acme", "id:u"}, "", 10)), (Lines{"a", "b", "c"}));
  EXPECT_EQ(ids(keeper_->keys_of_account({"acme", "id:u"}, "a", 1)), Lines{"b"});
  EXPECT_EQ(ids(keeper_->keys_of_account({"acme", "name:u@example.com"}, "", 10)), Lines{"b"});
  EXPECT_EQ(ids(keeper_->keys_of_account({"other", "id:u"}, "", 10)), Lines{});
  const UtcMicros noon = testing::kNoon;
  EXPECT_EQ(ids(keeper_->keys_before(0, noon + 25'000'000, 10)), (Lines{"b", "c"}));
  EXPECT_EQ(ids(keeper_->keys_before(noon + 15'000'000, noon + 60'000'000, 1)), Lines{"c"});
}

TEST_F(PostgresKeeper, RetiresAnEpochOnce) {
  FlushBatch batch = agent_.batch({}, {agent_.own_leaf("OPEN")});
  batch.ledger.beginning = {.origin = "o", .open = "open", .note = "note"};
  agent_.flush(batch);
  EXPECT_FALSE(keeper_->retire(agent_.epoch(), "first").has_value());
  EXPECT_FALSE(keeper_->retire(agent_.epoch(), "second").has_value());
  EXPECT_FALSE(keeper_->retire(Uuid{}, "nowhere").has_value());
  EXPECT_EQ(rows("SELECT retired FROM ledger_epochs"), Lines{"(first)"});
}

TEST_F(PostgresKeeper, AWriterIsToldWhatItLacksAndChangesNothing) {
  execute(*owner_, {"DROP ROLE IF EXISTS only_writer", "CREATE ROLE only_writer LOGIN IN ROLE twinlog_writer"});
  const auto failure = make_postgres_keeper(database_.settings("only_writer"))->connect();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(reaction_text(failure->reaction), reaction_text(Reaction::kHold));
  EXPECT_NE(failure->words.find("DELETE on auth_logs"), std::string::npos) << failure->words;
  EXPECT_NE(failure->words.find("UPDATE (salts) on ledger_leaves"), std::string::npos);
  EXPECT_NE(failure->words.find("twinlog_keeper"), std::string::npos);
}

TEST_F(PostgresKeeper, ATriggerThatKeepsARowFromBeingErasedIsNamed) {
  agent_.deliver({of("u", "login_failed", "a")});
  execute(*owner_, {"CREATE FUNCTION keep_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                    "CREATE TRIGGER keep_it BEFORE UPDATE ON auth_logs FOR EACH ROW EXECUTE FUNCTION keep_it()"});
  const auto report = keeper_->erase({key_of_a, person_fields});
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().words.find("auth_logs"), std::string::npos) << report.error().words;
  EXPECT_EQ(rows("SELECT user_id FROM auth_logs"), Lines{"(u)"});
}

}  // namespace
}  // namespace twinlog
