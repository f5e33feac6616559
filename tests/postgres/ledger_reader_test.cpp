// Reading a whole store for verification: everything as it lies there, or a refusal.
#include <map>
#include <random>

#include "ledger/leaf/leaf.h"
#include "tests/postgres/ledger_rig.h"
#include "tests/support/random_event.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event;
using testing::event_of;
using testing::execute;
using testing::LedgerAgent;
using testing::select;
using testing::whole_store;
using Lines = std::vector<std::string>;

struct Edit {
  const char* name;
  const char* sql;
  const char* fault;
};

void PrintTo(const Edit& edit, std::ostream* out) {  // NOLINT: gtest's name
  *out << edit.name;
}

class PostgresLedgerReader : public ::testing::Test {
 protected:
  PostgresLedgerReader() {
    database_.migrate();
    AuthEvent whole = event_of("u", "account_locked", "a");
    whole.ip = "192.0.2.7";
    whole.metadata = R"({"n":1.5})";
    whole.repaired = {"ip", "user_id"};
    whole.account_locked_until = testing::kNoon;
    whole.lock_kind = LockKind::kTemporary;
    agent_.deliver({whole});
  }
  /// The words with which it does not open; "" where it does.
  std::string refusal(const std::string& user = "postgres") {
    const auto failure = make_postgres_ledger_reader(database_.settings(user))->open();
    return failure ? failure->words : "";
  }

  Database database_;
  LedgerAgent agent_{database_};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
};

class PostgresOddRows : public PostgresLedgerReader, public ::testing::WithParamInterface<Edit> {};

TEST_P(PostgresOddRows, AreReadAndNamed) {
  execute(*owner_, {GetParam().sql});
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.rows.size(), 1U);
  EXPECT_EQ(whole.rows[0].version.event.log_id, "a");
  EXPECT_EQ(whole.rows[0].faults, Lines{GetParam().fault});
}

INSTANTIATE_TEST_SUITE_P(
    Columns, PostgresOddRows,
    ::testing::Values(
        Edit{"Netmask", "UPDATE auth_logs SET ip = '192.0.2.7/24'", "ip has a netmask, or is IPv4 written as IPv6"},
        Edit{"MappedAddress", "UPDATE auth_logs SET ip = '::ffff:192.0.2.7'",
             "ip has a netmask, or is IPv4 written as IPv6"},
        Edit{"LowerBound", "UPDATE auth_logs SET repaired = '[0:1]={ip,user_id}'",
             "repaired is a list of another form"},
        Edit{"TwoDimensions", "UPDATE auth_logs SET repaired = '{{ip,user_id}}'", "repaired is a list of another form"},
        Edit{"NullElement", "UPDATE auth_logs SET repaired = '{ip,NULL,user_id}'",
             "repaired is a list of another form"},
        Edit{"EmptyList", "UPDATE auth_logs SET repaired = '{}'", "repaired is a list of another form"},
        Edit{"LockKind", "UPDATE auth_logs SET lock_kind = 'none'", "lock_kind holds nothing that an agent writes"},
        Edit{"Infinity", "UPDATE auth_logs SET account_locked_until = 'infinity'", "account_locked_until is infinite"},
        Edit{"MinusInfinity", "UPDATE auth_logs SET account_locked_until = '-infinity'",
             "account_locked_until is infinite"},
        Edit{"FarFuture", "UPDATE auth_logs SET account_locked_until = '294276-12-31 23:59:59.999999+00'",
             "account_locked_until is infinite"},
        Edit{"RecordKey", "UPDATE auth_logs SET record_key = '\\x01'", "record_key holds nothing that an agent writes"},
        Edit{"Ingress", "UPDATE auth_logs SET ingress = 3", "ingress holds nothing that an agent writes"},
        Edit{"Peer", "UPDATE auth_logs SET peer_uid = 4294967295", "peer_uid holds nothing that an agent writes"},
        Edit{"NegativeSeq", "UPDATE auth_logs SET tenant_seq = -1", "tenant_seq is negative"},
        Edit{"Metadata", "UPDATE auth_logs SET metadata = '[1]'", "metadata is no object"},
        Edit{"LongNumber", "UPDATE auth_logs SET metadata = '{\"n\": 1.5000000000000000000001}'",
             "metadata holds a number that no agent writes"},
        Edit{"EmptySalts", "UPDATE auth_logs SET salts = ''", "salts is empty, and not NULL"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(PostgresLedgerReader, GivesBackWhatWasWritten) {
  constexpr std::uint64_t kSeed = 20260105;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  std::vector<AuthEvent> events;
  events.reserve(400);
  for (int i = 0; i < 400; ++i) {
    events.push_back(testing::random_version(random).event);
  }
  const auto versions = agent_.accept_all(events);
  agent_.flush(versions);
  const auto whole = whole_store(database_);
  std::map<std::uint64_t, LedgerRow> found;
  for (const LedgerRow& row : whole.rows) {
    found[row.version.leaf_index] = row;
  }
  for (const Version& version : versions) {
    const LedgerRow& row = found[version.leaf_index];
    EXPECT_EQ(row.version, version) << version.event.log_id;
    EXPECT_EQ(row.faults, Lines{}) << version.event.log_id;
  }
  EXPECT_TRUE(whole.broken.empty());
}

TEST_F(PostgresLedgerReader, ReadsAccountsWithTheirState) {
  agent_.deliver({event_of("u", "login_failed", "b", 1)});
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.accounts.size(), 1U);
  EXPECT_EQ(whole.accounts[0].key, (AccountKey{"acme", "id:u"}));
  EXPECT_EQ(whole.accounts[0].account, *testing::account(database_, {"acme", "id:u"}));
  EXPECT_TRUE(decode_account_state(whole.accounts[0].state));
  EXPECT_EQ(whole.accounts[0].faults, Lines{});
  execute(*owner_, {"UPDATE account_lockouts SET lock_kind = 'odd', last_failed_at = 'infinity'"});
  EXPECT_EQ(whole_store(database_).accounts.at(0).faults,
            (Lines{"lock_kind holds nothing that an agent writes", "last_failed_at is infinite"}));
}

TEST_F(PostgresLedgerReader, RowsThatCannotBeReadAreTold) {
  execute(*owner_,
          {"UPDATE ledger_tiles SET first_accept_at = 'infinity'",
           "INSERT INTO ledger_checkpoints SELECT epoch_id, -1, '', '', now() FROM ledger_tiles",
           "INSERT INTO ledger_leaves (epoch_id, leaf_index, leaf, record_key) SELECT epoch_id, 7, '', 'short' "
           "FROM ledger_tiles"});
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.broken.size(), 3U);
  EXPECT_EQ(whole.broken[0].table, "ledger_checkpoints");
  EXPECT_EQ(whole.broken[0].key, uuid_text(agent_.epoch()) + "/-1");
  EXPECT_EQ(whole.broken[1].table, "ledger_tiles");
  EXPECT_EQ(whole.broken[2].words, "record_key holds nothing that an agent writes");
  EXPECT_TRUE(whole.tiles.empty() && whole.checkpoints.empty());
  EXPECT_EQ(whole.leaves.size(), 1U);
}

TEST_F(PostgresLedgerReader, AnErasedRowHasItsPlaceAndNoKey) {
  execute(*owner_, {"UPDATE auth_logs SET content_hash = NULL, record_key = NULL, salts = 'kept'"});
  const auto whole = whole_store(database_);
  ASSERT_EQ(whole.rows.size(), 1U);
  EXPECT_FALSE(whole.rows[0].has_content_hash || whole.rows[0].version.ledger);
  EXPECT_EQ(whole.rows[0].tenant_seq, 0U);
  EXPECT_EQ(whole.rows[0].salts, "kept");
  const auto read = testing::records(database_, {{"acme", "a"}});
  ASSERT_EQ(read.size(), 1U);
  EXPECT_TRUE(read[0].is_erased);
  EXPECT_FALSE(read[0].version.ledger);
}

TEST_F(PostgresLedgerReader, AnErrorOfTheSinkEndsTheReadingAndTheNextOneWorks) {
  agent_.deliver({event("x", "b"), event("x", "c")});
  const auto reader = make_postgres_ledger_reader(database_.settings());
  int seen = 0;
  const auto failure = reader->rows([&](LedgerRow&&) -> Status {
    ++seen;
    return Error(ErrorKind::kRefused, "enough");
  });
  ASSERT_TRUE(failure.has_value());
  EXPECT_NE(failure->words.find("enough"), std::string::npos) << failure->words;
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(whole_store(*reader).rows.size(), 3U);
}

TEST_F(PostgresLedgerReader, WhatIsReadInASnapshotIsOfOneMoment) {
  const auto reader = make_postgres_ledger_reader(database_.settings());
  const auto counts = [&reader] {
    std::array<std::size_t, 2> counted{};  // Tiles, rows.
    const auto into = [](std::size_t& count) { return [&count](auto&&) -> Status { return ++count, Status(); }; };
    EXPECT_FALSE(reader->tiles(into(counted[0])));
    EXPECT_FALSE(reader->rows(into(counted[1])));
    return counted;
  };
  ASSERT_FALSE(reader->open());
  ASSERT_FALSE(reader->begin_snapshot());
  const auto before = counts();
  agent_.deliver({event_of("u", "login_failed", "b")});
  EXPECT_EQ(counts(), before);
  reader->end_snapshot();
  const auto after = counts();
  EXPECT_EQ(after[0], before[0] + 1);
  EXPECT_EQ(after[1], before[1] + 1);
}

TEST_F(PostgresLedgerReader, ASnapshotEndsWithItsConnection) {
  const auto reader = make_postgres_ledger_reader(database_.settings());
  ASSERT_FALSE(reader->open());
  ASSERT_FALSE(reader->begin_snapshot());
  execute(*owner_, {"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"});
  const auto ignore = [](auto&&) -> Status { return {}; };
  EXPECT_TRUE(reader->tiles(ignore));
  EXPECT_TRUE(reader->rows(ignore)) << "in no snapshot any more";
  reader->end_snapshot();
  EXPECT_FALSE(reader->rows(ignore));
}

TEST_F(PostgresLedgerReader, TellsSizesAndColumnsThatNobodyKnows) {
  execute(*owner_, {"ALTER TABLE auth_logs ADD COLUMN mine text", "ANALYZE auth_logs", "ANALYZE ledger_tiles"});
  const auto reader = make_postgres_ledger_reader(database_.settings());
  EXPECT_FALSE(reader->open().has_value());
  EXPECT_EQ(reader->unknown_columns(), Lines{"auth_logs.mine"});
  const auto sizes = reader->sizes();
  ASSERT_TRUE(sizes.ok());
  EXPECT_EQ(sizes->records, 1U);
  EXPECT_EQ(sizes->tiles, 1U);
}

TEST_F(PostgresLedgerReader, LeavesNotesAndPlacesAreReadByTheirKeys) {
  FlushBatch batch = agent_.batch({}, {agent_.own_leaf("one"), agent_.own_leaf("two")});
  batch.ledger.beginning = {.origin = "o", .open = "open", .note = "beginning"};
  batch.ledger.checkpoints = {{.size = 1, .root = sha256("1"), .note = "first", .accepted_at = testing::kNoon},
                              {.size = 3, .root = sha256("3"), .note = "second", .accepted_at = testing::kNoon + 1}};
  agent_.flush(batch);
  const auto reader = make_postgres_reader(database_.settings());
  const std::vector<LeafPlace> places{{agent_.epoch(), 2}, {agent_.epoch(), 9}, {Uuid{}, 1}};
  const auto leaves = reader->leaves(places);
  ASSERT_TRUE(leaves.ok());
  ASSERT_EQ(leaves->size(), 1U);
  EXPECT_EQ(leaves->front().place, places[0]);
  EXPECT_EQ(leaves->front().leaf, "two");
  const auto newest = reader->newest_checkpoints(1);
  ASSERT_TRUE(newest.ok());
  ASSERT_EQ(newest->size(), 1U);
  EXPECT_EQ(newest->front().epoch_id, agent_.epoch());
  EXPECT_EQ(newest->front().note, "second");
  EXPECT_EQ(newest->front().open, "open");
  EXPECT_EQ(newest->front().beginning_note, "beginning");
}

TEST_F(PostgresLedgerReader, PruneLeavesAreFoundByTheEpochsThatTheyName) {
  Uuid mine{};
  mine.fill(7);
  Uuid theirs{};
  theirs.fill(8);
  PruneLeaf prune;
  prune.ranges = {{mine, 3, 5}};
  GapLeaf gap;
  gap.ranges = {{mine, 3, 5}};
  const std::string leaf = encode_leaf({agent_.epoch(), 1, testing::kNoon}, prune);
  agent_.flush(agent_.batch(
      {}, {agent_.own_leaf(leaf), agent_.own_leaf(encode_leaf({agent_.epoch(), 2, testing::kNoon}, gap))}));
  const auto reader = make_postgres_reader(database_.settings());
  const auto found = reader->prunes_of(std::vector<Uuid>{theirs, mine});
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().leaf, leaf);
  const auto others = reader->prunes_of(std::vector<Uuid>{theirs});
  ASSERT_TRUE(others.ok());
  EXPECT_TRUE(others->empty());
}

TEST_F(PostgresLedgerReader, AViewInThePlaceOfATableIsRefused) {
  execute(*owner_, {"ALTER TABLE auth_logs RENAME TO hidden", "CREATE VIEW auth_logs AS SELECT * FROM hidden"});
  EXPECT_NE(refusal().find("auth_logs is no table"), std::string::npos) << refusal();
}

TEST_F(PostgresLedgerReader, AMissingTableOrColumnAndOneOfAnotherTypeAreRefused) {
  execute(*owner_, {"DROP TABLE ledger_tiles", "ALTER TABLE auth_logs DROP COLUMN record_key",
                    "ALTER TABLE auth_log_conflicts ALTER COLUMN ip TYPE text"});
  const std::string words = refusal();
  EXPECT_NE(words.find("ledger_tiles is missing;"), std::string::npos) << words;
  EXPECT_NE(words.find("auth_logs.record_key is missing;"), std::string::npos) << words;
  EXPECT_NE(words.find("auth_log_conflicts.ip is not of the type inet;"), std::string::npos) << words;
}

class PostgresLedgerReaderRoles : public PostgresLedgerReader {
 public:
  PostgresLedgerReaderRoles() { execute(*owner_, {"DROP ROLE IF EXISTS auditor", "CREATE ROLE auditor LOGIN"}); }
  ~PostgresLedgerReaderRoles() override { execute(*owner_, {"DROP OWNED BY auditor", "DROP ROLE auditor"}); }

 protected:
  void grant_all() {
    execute(*owner_, {"GRANT USAGE ON SCHEMA " + database_.schema() + " TO auditor",
                      "GRANT SELECT ON ALL TABLES IN SCHEMA " + database_.schema() + " TO auditor"});
  }
};

TEST_F(PostgresLedgerReaderRoles, AWriterSeesEverything) {
  execute(*owner_, {"GRANT twinlog_writer TO auditor"});
  EXPECT_EQ(whole_store(database_, "auditor").rows.size(), 1U);
}

TEST_F(PostgresLedgerReaderRoles, AWriterThatIsBoundToATenantIsRefused) {
  execute(*owner_, {"GRANT twinlog_writer TO auditor", "INSERT INTO twinlog_reader_scope VALUES ('auditor', 'acme')"});
  EXPECT_NE(refusal("auditor").find("row-level security may hide rows"), std::string::npos) << refusal("auditor");
}

TEST_F(PostgresLedgerReaderRoles, ARoleThatPoliciesFilterIsRefusedHoweverMuchItMayRead) {
  grant_all();
  EXPECT_NE(refusal("auditor").find("row-level security may hide rows"), std::string::npos) << refusal("auditor");
  execute(*owner_, {"CREATE POLICY a_part ON auth_logs TO auditor USING (tenant_id = 'acme')"});
  EXPECT_NE(refusal("auditor").find("row-level security may hide rows"), std::string::npos) << refusal("auditor");
}

TEST_F(PostgresLedgerReaderRoles, ARestrictionOfTheAdministratorsOwnIsRefused) {
  execute(*owner_, {"GRANT twinlog_writer TO auditor",
                    "CREATE POLICY less ON ledger_leaves AS RESTRICTIVE TO auditor USING (leaf_index < 3)"});
  EXPECT_NE(refusal("auditor").find("rows of ledger_leaves"), std::string::npos) << refusal("auditor");
}

TEST_F(PostgresLedgerReaderRoles, PoliciesOnTablesThatHaveNoneOfOursAreSeenToo) {
  execute(*owner_, {"GRANT twinlog_writer TO auditor", "ALTER TABLE ledger_tiles ENABLE ROW LEVEL SECURITY"});
  EXPECT_NE(refusal("auditor").find("rows of ledger_tiles"), std::string::npos) << refusal("auditor");
}

TEST_F(PostgresLedgerReaderRoles, AnOwnerThatForcesPoliciesUponItselfIsRefused) {
  const Database theirs("forced_owner");
  theirs.migrate("forced_owner");
  const auto owner = theirs.session();
  execute(*owner, {"ALTER TABLE auth_logs FORCE ROW LEVEL SECURITY"});
  const auto failure = make_postgres_ledger_reader(theirs.settings("forced_owner"))->open();
  ASSERT_TRUE(failure.has_value());
  EXPECT_NE(failure->words.find("rows of auth_logs"), std::string::npos) << failure->words;
}

TEST_F(PostgresLedgerReaderRoles, WithoutTheRightToReadATableNothingIsRead) {
  const auto failure = make_postgres_ledger_reader(database_.settings("auditor"))->open();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(reaction_text(failure->reaction), reaction_text(Reaction::kHold));
}

}  // namespace
}  // namespace twinlog
