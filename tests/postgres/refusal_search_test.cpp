// The search for the versions that the server refuses: many of them, odd ones, and those that only seem to be at fault.
#include <atomic>

#include "tests/postgres/fold_check.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::execute;
using testing::expect_fold;
using testing::select;
using testing::TestAgent;
using enum Reaction;

AuthEvent with_service(AuthEvent event, const std::string& service) {
  event.service = service;
  return event;
}

/// A trigger function that does this, and a trigger that calls it.
std::vector<std::string> trigger(const std::string& body, const std::string& when, const std::string& on = "auth_logs",
                                 const std::string& each = "ROW") {
  return {"CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body + " RETURN NEW; END $$",
          "CREATE TRIGGER acting " + when + " ON " + on + " FOR EACH " + each + " EXECUTE FUNCTION acts()"};
}
std::string if_evil(const std::string& body) {
  return "IF NEW.service = 'evil' THEN " + body + "; END IF;";
}
constexpr const char* kNoEvil = "ALTER TABLE auth_logs ADD CONSTRAINT no_evil CHECK (service <> 'evil')";
constexpr const char* kNoEvilConflict =
    "ALTER TABLE auth_log_conflicts ADD CONSTRAINT no_evil_conflict CHECK (service <> 'evil')";
constexpr const char* kDropTrigger = "DROP TRIGGER acting ON auth_logs";

class PostgresRefusalSearch : public ::testing::Test {
 protected:
  PostgresRefusalSearch() { database_.migrate(); }

  void have(const std::vector<std::string>& commands) { execute(*owner_, commands); }
  /// Failures of three accounts; evil where `is_evil` says so.
  template <typename IsEvil>
  std::vector<Version> failures(int count, IsEvil is_evil) {
    std::vector<AuthEvent> events;
    for (int i = 0; i < count; ++i) {
      const AuthEvent made = event_of("u" + std::to_string(i % 3), "login_failed", "e" + std::to_string(i), i);
      events.push_back(with_service(made, is_evil(i) ? "evil" : "web"));
    }
    return agent_.accept_all(events);
  }
  std::vector<Version> all_evil(int count) {
    return failures(count, [](int) { return true; });
  }
  static std::vector<std::uint64_t> leaves(const FlushReport& report) {
    std::vector<std::uint64_t> leaves;
    for (const RefusedVersion& refused : report.refused) {
      leaves.push_back(refused.leaf_index);
    }
    return leaves;
  }
  static std::vector<std::uint64_t> evil_leaves(const std::vector<Version>& versions) {
    std::vector<std::uint64_t> leaves;
    for (const Version& version : versions) {
      if (version.event.service == "evil") {
        leaves.push_back(version.leaf_index);
      }
    }
    return leaves;
  }
  static std::vector<Version> good(std::vector<Version> versions) {
    std::erase_if(versions, [](const Version& version) { return version.event.service == "evil"; });
    return versions;
  }
  void expect_nothing_written() {
    EXPECT_EQ(select(*owner_,
                     "SELECT (SELECT count(*) FROM auth_logs), (SELECT count(*) FROM auth_log_conflicts), (SELECT "
                     "count(*) FROM account_lockouts), (SELECT count(*) FROM twinlog_agents)"),
              std::vector<std::string>{"(0,0,0,0)"});
  }
  void expect_position(std::uint64_t leaf) {
    EXPECT_EQ(select(*owner_, "SELECT last_leaf_index FROM twinlog_agents"),
              std::vector<std::string>{"(" + std::to_string(leaf) + ")"});
  }
  /// A flush that holds the store, blames nobody, and names this table.
  void expect_held(const std::vector<Version>& versions, const std::string& table) {
    const StoreError error = agent_.failing_flush(versions);
    EXPECT_EQ(reaction_text(error.reaction), reaction_text(kHold));
    EXPECT_NE(error.words.find("the table " + table + " "), std::string::npos) << error.words;
    EXPECT_TRUE(error.leaves.empty());
  }

  Database database_;
  TestAgent agent_{database_};
  std::unique_ptr<postgres::Connection> owner_ = database_.session();
};

TEST_F(PostgresRefusalSearch, OneOfAThousandIsFoundInAFewRoundTrips) {
  have({kNoEvil});
  const auto versions = failures(1000, [](int i) { return i == 617; });
  const FlushReport report = agent_.flush(versions);
  EXPECT_EQ(leaves(report), evil_leaves(versions));
  EXPECT_EQ(report.inserted, 999U);
  EXPECT_LE(report.round_trips, 26U);
  expect_position(1000);
  expect_fold(database_, good(versions));
}

TEST_F(PostgresRefusalSearch, ManyOfAThousandAreAllFoundInLeafOrder) {
  have({kNoEvil});
  const auto versions = failures(1000, [](int i) { return i % 97 == 5 || (i > 400 && i < 420); });
  const FlushReport report = agent_.flush(versions);
  EXPECT_EQ(leaves(report), evil_leaves(versions));
  EXPECT_EQ(report.inserted + report.refused.size(), 1000U);
  expect_position(1000);
  expect_fold(database_, good(versions));
}

TEST_F(PostgresRefusalSearch, AThousandOfAThousandAreRefusedInOneFlushAndThePositionMoves) {
  have({kNoEvil});
  const auto versions = all_evil(1000);
  const FlushReport report = agent_.flush(versions);
  EXPECT_EQ(report.refused.size(), 1000U);
  EXPECT_EQ(report.inserted + report.duplicates + report.conflicts + report.accounts, 0U);
  EXPECT_LE(report.round_trips, 2004U);
  expect_position(1000);
  have({"ALTER TABLE auth_logs DROP CONSTRAINT no_evil"});
  EXPECT_EQ(agent_.replay(versions).inserted, 1000U);
  expect_fold(database_, versions);
}

TEST_F(PostgresRefusalSearch, RepeatsAndOtherContentsOfOneKeyAreEachRefusedOrKept) {
  have({kNoEvil, kNoEvilConflict});
  const AuthEvent plain = event_of("u", "login_failed", "a");
  AuthEvent other_evil = with_service(plain, "evil");
  other_evil.failure_code = "other";
  const auto versions =
      agent_.accept_all({with_service(plain, "evil"), with_service(plain, "web"), with_service(plain, "evil"),
                         other_evil, with_service(plain, "web"), with_service(plain, "mobile")});
  const FlushReport report = agent_.flush(versions);
  EXPECT_EQ(leaves(report), (std::vector<std::uint64_t>{1, 3, 4}));
  EXPECT_EQ(report.inserted, 1U);
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(testing::records(database_, {{"acme", "a"}}).at(0).version, versions[1]);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 2);
  have({"ALTER TABLE auth_logs DROP CONSTRAINT no_evil",
        "ALTER TABLE auth_log_conflicts DROP CONSTRAINT no_evil_conflict"});
  const FlushReport replayed = agent_.replay({versions[0], versions[2], versions[3]});
  EXPECT_EQ(replayed.conflicts, 2U);
  EXPECT_EQ(replayed.duplicates, 1U);
  expect_fold(database_, {versions[0], versions[1], versions[3], versions[5]});
}

TEST_F(PostgresRefusalSearch, AVersionThatOnlyTheTableOfConflictsRefusesIsNamedAndItsRecordNotMarked) {
  have({kNoEvilConflict});
  const AuthEvent a = event_of("u", "login_failed", "a");
  const AuthEvent b = event_of("u", "login_failed", "b");
  agent_.deliver({a, b});
  const auto versions = agent_.accept_all({with_service(a, "evil"), with_service(b, "web")});
  const FlushReport report = agent_.flush(versions);
  ASSERT_EQ(leaves(report), std::vector<std::uint64_t>{versions[0].leaf_index});
  EXPECT_EQ(report.refused[0].error.constraint, "no_evil_conflict");
  EXPECT_EQ(stage_text(report.refused[0].error.where), stage_text(StoreStage::kConflicts));
  EXPECT_EQ(report.conflicts, 1U);
  EXPECT_FALSE(testing::records(database_, {{"acme", "a"}}).at(0).has_conflict);
  EXPECT_TRUE(testing::records(database_, {{"acme", "b"}}).at(0).has_conflict);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 3);
  have({"ALTER TABLE auth_log_conflicts DROP CONSTRAINT no_evil_conflict"});
  EXPECT_EQ(agent_.replay({versions[0]}).conflicts, 1U);
  EXPECT_TRUE(testing::records(database_, {{"acme", "a"}}).at(0).has_conflict);
  EXPECT_EQ(testing::account(database_, {"acme", "id:u"})->failed_login_attempts, 4);
}

TEST_F(PostgresRefusalSearch, SomeThatStatementsRefuseAndSomeThatTheCommitRefusesAreFoundInOneFlush) {
  have({kNoEvil});
  have(trigger("", "BEFORE DELETE"));
  have(
      {"CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.log_id = 'e7' THEN RAISE EXCEPTION "
       "'no'; END IF; RETURN NEW; END $$",
       "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON auth_logs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
       "FUNCTION late()"});
  const auto versions = failures(20, [](int i) { return i == 3; });
  const FlushReport report = agent_.flush(versions);
  ASSERT_EQ(leaves(report), (std::vector<std::uint64_t>{4, 8}));
  EXPECT_EQ(report.refused[0].error.code, "23514");
  EXPECT_EQ(report.refused[1].error.code, "P0001");
  EXPECT_EQ(report.inserted, 18U);
}

// Who is not to blame.

TEST_F(PostgresRefusalSearch, AnotherTableThatATriggerWritesToIsHeldAndNamed) {
  have({"CREATE TABLE audit (service text COLLATE \"C\" PRIMARY KEY)", "INSERT INTO audit VALUES ('evil')"});
  have(trigger(if_evil("INSERT INTO audit VALUES (NEW.service)"), "BEFORE INSERT"));
  const auto versions = failures(9, [](int i) { return i == 4; });
  expect_held(versions, "audit");
  expect_nothing_written();
  have({"DELETE FROM audit"});
  EXPECT_EQ(agent_.flush(versions).inserted, 9U);
}

TEST_F(PostgresRefusalSearch, ATableOfTheSameNameInAnotherSchemaIsAnotherTable) {
  const std::string archive = database_.schema() + "_archive";
  have({"CREATE SCHEMA " + archive, "CREATE TABLE " + archive + ".auth_logs (service text CHECK (service <> 'evil'))"});
  have(trigger(if_evil("INSERT INTO " + archive + ".auth_logs VALUES (NEW.service)"), "BEFORE INSERT"));
  expect_held(failures(9, [](int i) { return i == 4; }), "auth_logs");
  expect_nothing_written();
}

TEST_F(PostgresRefusalSearch, APartitionAndATableUnderAViewArePartsOfTheTable) {
  have({"ALTER TABLE auth_logs RENAME TO before",
        "CREATE TABLE auth_logs (LIKE before INCLUDING DEFAULTS, PRIMARY KEY (tenant_id, log_id)) PARTITION BY LIST "
        "(tenant_id)",
        "CREATE TABLE of_acme PARTITION OF auth_logs (CONSTRAINT no_evil CHECK (service <> 'evil')) FOR VALUES IN "
        "('acme')"});
  EXPECT_EQ(agent_.flush(failures(9, [](int i) { return i == 4; })).refused.at(0).error.constraint, "no_evil");
  have({"DROP TABLE auth_logs", "ALTER TABLE before ADD CONSTRAINT no_evil_below CHECK (service <> 'evil')",
        "CREATE VIEW auth_logs AS SELECT * FROM before"});
  EXPECT_EQ(agent_.flush(failures(9, [](int i) { return i == 4; })).refused.at(0).error.constraint, "no_evil_below");
}

TEST_F(PostgresRefusalSearch, ALateConstraintOnAccountsCondemnsNobody) {
  // Every record must have its account in the end: no part of a batch without accounts could satisfy that.
  have({kNoEvil,
        "ALTER TABLE auth_logs ADD CONSTRAINT has_account FOREIGN KEY (tenant_id, account) REFERENCES account_lockouts "
        "DEFERRABLE INITIALLY DEFERRED",
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.log_id = 'e7' THEN RAISE EXCEPTION "
        "'no'; END IF; RETURN NEW; END $$",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON auth_logs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
        "FUNCTION late()"});
  const auto versions = failures(20, [](int i) { return i == 3; });
  EXPECT_EQ(leaves(agent_.flush(versions)), (std::vector<std::uint64_t>{4, 8}));
}

TEST_F(PostgresRefusalSearch, ALateTriggerOnAccountsIsHeld) {
  have(
      {"CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = "
       "'check_violation', CONSTRAINT = 'ours'; END $$",
       "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON account_lockouts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
       "WHEN (NEW.account = 'id:u1') EXECUTE FUNCTION late()"});
  const StoreError error = agent_.failing_flush(failures(9, [](int) { return false; }));
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(kHold));
  EXPECT_EQ(error.constraint, "ours");
  EXPECT_EQ(stage_text(error.where), stage_text(StoreStage::kAccounts));
  expect_nothing_written();
}

TEST_F(PostgresRefusalSearch, WhatIsRefusedOnlyTogetherIsTriedAgainInSmallerParts) {
  have(
      {"CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT count(*) FROM added) > 5 THEN "
       "RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation', CONSTRAINT = 'few'; END IF; RETURN NULL; END $$",
       "CREATE TRIGGER acting AFTER INSERT ON auth_logs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE "
       "FUNCTION acts()"});
  const auto versions = failures(10, [](int) { return false; });
  const StoreError error = agent_.failing_flush(versions);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(kRetrySmaller));
  EXPECT_EQ(error.constraint, "few");
  expect_nothing_written();
  EXPECT_EQ(agent_.flush({versions.begin(), versions.begin() + 5}).inserted, 5U);
}

TEST_F(PostgresRefusalSearch, ATriggerThatRaisesForAllIsTriedAgainAndNobodyIsRefused) {
  have(trigger("RAISE EXCEPTION 'secret';", "BEFORE INSERT"));
  const auto versions = failures(300, [](int) { return false; });
  const StoreError error = agent_.failing_flush(versions);
  EXPECT_EQ(error.code, "P0001");
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(kRetry));
  EXPECT_TRUE(error.leaves.empty());
  expect_nothing_written();
  have({kDropTrigger});
  EXPECT_EQ(agent_.flush(versions).inserted, 300U);
}

// Errors that nobody knows.

TEST_F(PostgresRefusalSearch, AnUnknownErrorThatHitsSingleVersionsNamesThemWhenItComesAgain) {
  have(trigger(if_evil("RAISE EXCEPTION 'secret' USING ERRCODE = 'ZZ123'"), "BEFORE INSERT"));
  const auto versions = failures(100, [](int i) { return i == 42 || i == 7; });
  EXPECT_TRUE(agent_.failing_flush(versions).leaves.empty());
  for (int again = 0; again < 2; ++again) {
    const StoreError error = agent_.failing_flush(versions);
    EXPECT_EQ(error.code, "ZZ123");
    EXPECT_EQ(reaction_text(error.reaction), reaction_text(kRetry));
    EXPECT_EQ(error.leaves, evil_leaves(versions));
    EXPECT_EQ(stage_text(error.where), stage_text(StoreStage::kRecords));
  }
  expect_nothing_written();
  EXPECT_EQ(agent_.flush(good(versions)).inserted, 98U);
  EXPECT_TRUE(agent_.failing_flush(versions).leaves.empty()) << "a flush that worked ends the row";
  EXPECT_EQ(agent_.replay({versions[42]}).refused.at(0).error.code, "ZZ123");
  have({kDropTrigger});
  EXPECT_EQ(agent_.replay({versions[7], versions[42]}).inserted, 2U);
  expect_fold(database_, versions);
}

TEST_F(PostgresRefusalSearch, AnUnknownErrorThatHitsAllNamesNobody) {
  have({"CREATE SEQUENCE inserts"});
  have(trigger("PERFORM nextval('inserts'); RAISE EXCEPTION 'secret' USING ERRCODE = 'ZZ123';", "BEFORE INSERT"));
  const auto versions = failures(300, [](int) { return false; });
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(agent_.failing_flush(versions).leaves.empty());
  }
  // Three flushes and two searches that gave up early: whole ones would have taken twice 598 inserts.
  EXPECT_EQ(select(*owner_, "SELECT last_value < 600 FROM inserts"), std::vector<std::string>{"(t)"});
  expect_nothing_written();
}

TEST_F(PostgresRefusalSearch, BesideAnUnknownErrorNothingIsRefusedYet) {
  have({kNoEvil});
  have(trigger("IF NEW.log_id = 'e9' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'ZZ123'; END IF;", "BEFORE INSERT"));
  const auto versions = failures(20, [](int i) { return i == 3; });
  const StoreError error = agent_.failing_flush(versions);
  EXPECT_EQ(error.leaves, std::vector<std::uint64_t>{10});
  expect_nothing_written();
}

// Limits.

/// Goes on by a tenth of a second at every look, so that what takes many round trips takes long.
class CreepingClock final : public Clock {
 public:
  UtcMicros utc_now() const override { return real_.utc_now(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return real_.steady_now() + std::chrono::milliseconds{100} * ++crept_;
  }

 private:
  SystemClock real_;
  mutable std::atomic<std::int64_t> crept_{0};
};

TEST_F(PostgresRefusalSearch, OneThatTakesTooLongIsTriedAgainInSmallerPartsAndWritesNothing) {
  have({kNoEvil});
  const CreepingClock clock;
  TestAgent agent(database_, "agent", "postgres", clock);
  std::vector<AuthEvent> events;
  events.reserve(1000);
  for (int i = 0; i < 1000; ++i) {
    events.push_back(with_service(event_of("u", "login_failed", "e" + std::to_string(i), i), "evil"));
  }
  const auto versions = agent.accept_all(events);
  const StoreError error = agent.failing_flush(versions);
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(kRetrySmaller));
  EXPECT_EQ(error.constraint, "no_evil");
  EXPECT_NE(error.words.find("in smaller parts"), std::string::npos) << error.words;
  expect_nothing_written();
  EXPECT_TRUE(agent.store().is_connected());
  EXPECT_EQ(agent.flush({versions.begin(), versions.begin() + 4}).refused.size(), 4U);
}

// The connection.

TEST_F(PostgresRefusalSearch, AConnectionCutAmidTheSearchLeavesNothingAndTheRepeatEndsTheSame) {
  have({kNoEvil, "CREATE SEQUENCE inserts"});
  have(trigger("IF nextval('inserts') = 6 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;",
               "BEFORE INSERT", "auth_logs", "STATEMENT"));
  const auto versions = failures(200, [](int i) { return i % 50 == 20; });
  EXPECT_EQ(reaction_text(agent_.failing_flush(versions).reaction), reaction_text(kReconnect));
  EXPECT_FALSE(agent_.store().is_connected());
  EXPECT_EQ(select(*owner_, "SELECT last_value FROM inserts"), std::vector<std::string>{"(6)"});
  expect_nothing_written();
  const FlushReport report = agent_.flush(versions);
  EXPECT_EQ(leaves(report), evil_leaves(versions));
  EXPECT_EQ(report.inserted, 196U);
  expect_fold(database_, good(versions));
}

TEST_F(PostgresRefusalSearch, ALockedTableAmidTheSearchIsNoRefusal) {
  have({kNoEvil, "CREATE SEQUENCE inserts", "CREATE TABLE held ()"});
  have(trigger("IF nextval('inserts') > 3 THEN LOCK TABLE held IN EXCLUSIVE MODE NOWAIT; END IF;", "BEFORE INSERT",
               "auth_logs", "STATEMENT"));
  const auto other = database_.session();
  execute(*other, {"BEGIN", "LOCK TABLE held IN EXCLUSIVE MODE"});
  const auto versions = failures(50, [](int i) { return i == 30; });
  const StoreError error = agent_.failing_flush(versions);
  EXPECT_EQ(error.code, "55P03");
  EXPECT_EQ(reaction_text(error.reaction), reaction_text(kRetry));
  expect_nothing_written();
  execute(*other, {"ROLLBACK"});
  EXPECT_EQ(leaves(agent_.flush(versions)), evil_leaves(versions));
}

}  // namespace
}  // namespace twinlog
