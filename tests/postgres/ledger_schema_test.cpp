// From a database as the build before the ledger left it, with rows, to one with it.
#include "plugins/postgres/schema/steps.h"
#include "tests/postgres/ledger_rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::LedgerAgent;
using testing::select;
using testing::sqlstate_of;
using testing::TestAgent;
using testing::whole_store;
using Lines = std::vector<std::string>;

/// As builds before the ledger write it.
constexpr const char* kOldRow =
    "INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, user_id, account, received_at, effective_at, "
    "agent, content_hash, epoch_id, leaf_index) SELECT 'acme', 'old-' || n, 'login_failed', now(), 'u', 'id:u', now(), "
    "now(), 'old', sha256(n::text::bytea), '00000000-0000-7000-8000-000000000001', n FROM generate_series(1, 500) n";

class PostgresBeforeTheLedger : public ::testing::Test {
 protected:
  explicit PostgresBeforeTheLedger(int last_step = 7) {
    execute(*owner_, {"CREATE TABLE twinlog_meta (name text COLLATE \"C\" PRIMARY KEY, value text NOT NULL, "
                      "recorded_at timestamptz NOT NULL DEFAULT now())"});
    for (const postgres::SchemaStep& step : postgres::schema_steps()) {
      if (step.number > last_step) {
        break;
      }
      for (const std::string_view sql : step.statements) {
        execute(*owner_, {std::string(sql)});
      }
      execute(*owner_, {"INSERT INTO twinlog_meta (name, value) VALUES ('schema.000" + std::to_string(step.number) +
                        "', '" + std::string(step.title) + "')"});
    }
    execute(*owner_,
            {"INSERT INTO twinlog_meta (name, value) VALUES ('unicode_version', '" + folding_unicode_version() + "')",
             kOldRow});
  }
  Lines rows(const std::string& sql) { return select(*owner_, sql); }
  std::string problems() {
    std::string found;
    for (const CheckLine& line : make_postgres_admin(database_.settings())->check()) {
      found += line.is_problem ? line.text + "\n" : "";
    }
    return found;
  }

  Database database_;
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
};

TEST_F(PostgresBeforeTheLedger, RowsAreKeptAsTheyAreAndGetNoLeaf) {
  const std::string old_rows = "SELECT ctid, xmin, log_id, content_hash, leaf_index FROM auth_logs ORDER BY log_id";
  const Lines before = rows(old_rows);
  database_.migrate();
  EXPECT_EQ(rows(old_rows), before);  // No rewrite.
  EXPECT_EQ(problems(), "");
  LedgerAgent agent(database_);
  agent.deliver({event_of("u", "login_failed", "new")});
  const auto whole = whole_store(database_);
  EXPECT_EQ(whole.rows.size(), 501U);
  EXPECT_EQ(std::count_if(whole.rows.begin(), whole.rows.end(),
                          [](const LedgerRow& row) { return row.version.ledger.has_value(); }),
            1);
  EXPECT_EQ(rows("SELECT amname, reloptions FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = "
                 "'auth_logs_by_acceptance'::regclass"),
            Lines{"(brin,\"{pages_per_range=32,autosummarize=on}\")"});
}

TEST_F(PostgresBeforeTheLedger, AnAgentBringsItUpAndLeavesTheIndexToTheCommand) {
  LedgerAgent agent(database_);
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "new")}).inserted, 1U);
  EXPECT_EQ(rows("SELECT name FROM twinlog_meta WHERE name > 'schema.0007' AND name LIKE 'schema%' ORDER BY 1"),
            (Lines{"(schema.0008)", "(schema.0009)"}));
  EXPECT_NE(problems().find("is at version 9 of 10; run `twinlog migrate`"), std::string::npos) << problems();
  database_.migrate();
  EXPECT_EQ(problems(), "");
}

TEST_F(PostgresBeforeTheLedger, OlderAgentsGoOn) {
  database_.migrate();
  execute(*owner_, {"DROP ROLE IF EXISTS old_writer", "CREATE ROLE old_writer LOGIN IN ROLE twinlog_writer"});
  const auto older = database_.session("old_writer");
  execute(*older, {"INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, received_at, effective_at, "
                   "agent, content_hash, epoch_id, "
                   "leaf_index) VALUES ('acme', 'late', 'x', now(), now(), now(), 'old', sha256(''), "
                   "'00000000-0000-7000-8000-000000000001', 501)"});
  EXPECT_EQ(rows("SELECT tenant_seq, record_key FROM auth_logs WHERE log_id = 'late'"), Lines{"(,)"});
}

TEST_F(PostgresBeforeTheLedger, ReadersLoseWhatTheyHadOfLeafIndex) {
  execute(*owner_, {"DO $$ BEGIN CREATE ROLE twinlog_reader NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                    "GRANT SELECT (leaf_index, tenant_id) ON auth_logs TO twinlog_reader",
                    "DROP ROLE IF EXISTS old_reader", "CREATE ROLE old_reader LOGIN IN ROLE twinlog_reader",
                    "GRANT USAGE ON SCHEMA " + database_.schema() + " TO twinlog_reader"});
  const auto reader = database_.session("old_reader");
  EXPECT_EQ(sqlstate_of(*reader, "SELECT leaf_index FROM auth_logs"), "");
  database_.migrate();
  EXPECT_EQ(sqlstate_of(*reader, "SELECT leaf_index FROM auth_logs"), "42501");
  EXPECT_EQ(sqlstate_of(*reader, "SELECT tenant_seq FROM auth_logs"), "");
}

class PostgresBeforeTheIndexes : public PostgresBeforeTheLedger {
 protected:
  PostgresBeforeTheIndexes() : PostgresBeforeTheLedger(6) {}
};

TEST_F(PostgresBeforeTheIndexes, WhatAnAgentHasNoTimeForIsNotInTheWayOfTheRest) {
  LedgerAgent agent(database_);
  EXPECT_EQ(agent.deliver({event_of("u", "login_failed", "new")}).inserted, 1U);
  EXPECT_EQ(rows("SELECT name FROM twinlog_meta WHERE name > 'schema.0006' AND name LIKE 'schema%' ORDER BY 1"),
            (Lines{"(schema.0008)", "(schema.0009)"}));
  EXPECT_NE(problems().find("is at version 6 of 10; run `twinlog migrate`"), std::string::npos) << problems();
  database_.migrate();
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(rows("SELECT count(*) FROM twinlog_meta WHERE name LIKE 'schema%'"), Lines{"(10)"});
}

TEST(PostgresLedgerSchema, HasTheColumnsThatItIsDescribedWith) {
  const Database database;
  database.migrate();
  const auto owner = database.session();
  EXPECT_EQ(select(*owner,
                   "SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || "
                   "CASE WHEN a.attnotnull THEN '' ELSE ' null' END || CASE WHEN a.attstorage = 'e' THEN "
                   "' external' ELSE '' END || CASE WHEN co.collname IS NOT NULL AND co.collname <> 'C' THEN ' "
                   "not C' ELSE '' END, ', ' ORDER BY a.attnum) AS columns FROM pg_class c JOIN pg_attribute a "
                   "ON a.attrelid = c.oid AND a.attnum > 0 LEFT JOIN pg_collation co ON co.oid = "
                   "a.attcollation WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
                   "AND c.relname LIKE 'ledger%' GROUP BY c.relname ORDER BY c.relname"),
            (Lines{"(\"epoch_id uuid, size bigint, root bytea, note text, accepted_at timestamp with time zone\")",
                   "(\"epoch_id uuid, origin text, open bytea, note text, retired text null\")",
                   "(\"epoch_id uuid, leaf_index bigint, leaf bytea, tenant_id text null, log_id text null, tenant_seq "
                   "bigint null, record_key bytea null, salts bytea null\")",
                   "(\"epoch_id uuid, first_index bigint, leaf_count integer, first_accept_at timestamp with time "
                   "zone, last_accept_at timestamp with time zone, hashes bytea external\")"}));
}

TEST(PostgresLedgerSchema, TheKeeperMayDoWhatErasureRetentionAndRetirementNeedAndNothingElse) {
  const Database database;
  database.migrate();
  const auto owner = database.session();
  LedgerAgent agent(database);
  agent.deliver({event_of("u", "login_failed", "a")});
  execute(*owner, {"DROP ROLE IF EXISTS a_keeper", "CREATE ROLE a_keeper LOGIN IN ROLE twinlog_keeper"});
  const auto keeper = database.session("a_keeper");
  for (const char* const sql :
       {"UPDATE auth_logs SET user_id = NULL, account = NULL, content_hash = NULL, record_key = NULL, salts = 's'",
        "UPDATE auth_log_conflicts SET metadata = NULL, repaired = NULL, content_hash = sha256(''), salts = 's'",
        "UPDATE ledger_leaves SET record_key = NULL, salts = 's'", "UPDATE ledger_epochs SET retired = 'x'",
        "DELETE FROM auth_logs", "DELETE FROM auth_log_conflicts", "DELETE FROM account_lockouts",
        "DELETE FROM ledger_leaves", "DELETE FROM ledger_tiles", "DELETE FROM ledger_checkpoints"}) {
    EXPECT_EQ(sqlstate_of(*keeper, sql), "") << sql;
  }
  for (const char* const sql :
       {"UPDATE auth_logs SET tenant_id = 'x'", "UPDATE auth_logs SET log_id = 'x'",
        "UPDATE auth_logs SET received_at = now()", "UPDATE auth_logs SET leaf_index = 1",
        "UPDATE auth_logs SET tenant_seq = 1", "UPDATE ledger_leaves SET leaf = ''",
        "UPDATE ledger_tiles SET hashes = ''", "UPDATE ledger_checkpoints SET note = ''",
        "UPDATE ledger_epochs SET open = ''", "DELETE FROM ledger_epochs", "DELETE FROM twinlog_agents",
        "UPDATE twinlog_agents SET last_leaf_index = 0", "TRUNCATE auth_logs"}) {
    EXPECT_EQ(sqlstate_of(*keeper, sql), "42501") << sql;
  }
}

}  // namespace
}  // namespace twinlog
