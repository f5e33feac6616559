// Documents that the server refuses for what they hold: which events they were, that all the rest of the batch is in
// the store, and whether an event is to blame at all. The refusal is faked at the wire before a real server
// (refusal.h); what real servers refuse themselves: refused_by_servers_test.cpp.
#include "tests/mongodb/refused.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/mongodb/document.h"
#include "plugins/mongodb/leftovers.h"
#include "plugins/mongodb/names.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"

namespace twinlog::mongodb {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::expect_fold;
using testing::failed;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::position_of;
using testing::read_conflicts;
using testing::read_records;
using testing::refused_at;
using testing::report_of;
using testing::success;
using testing::TestAgent;
using testing::without;

class MongodbRefused : public ::testing::Test {
 protected:
  void refuse(const std::string& command, const std::set<std::string>& ids, int code = 121) {
    proxy_.refuse({.command = command, .ids = ids, .code = code});
  }
  void fail_commands(const std::set<std::string>& ids, int code) {
    proxy_.refuse({.command = "insert auth_logs", .ids = ids, .code = code, .fails_commands = true});
  }

  std::string database_ = testing::fresh_database();
  StoreSettings settings_ = testing::settings_for(testing::java_server_port(), database_);
  testing::CuttingProxy proxy_{testing::java_server_port()};
  TestAgent agent_{testing::settings_for(proxy_.port(), database_), 1};
};

/// The n-th is "t/log-n", of one of 60 accounts.
std::vector<Version> many(int count) {
  std::vector<Version> versions;
  versions.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count; ++i) {
    const std::string user = "user-" + std::to_string(i % 60);
    versions.push_back((i % 7 == 0 ? success(i) : failed(i)).user(user).log_id("log-" + std::to_string(i)));
  }
  return versions;
}

TEST_F(MongodbRefused, OneOfAThousandIsNamedAndAllTheRestIsInTheStore) {
  refuse("insert auth_logs", {"t/log-500"});
  const auto versions = agent_.accept(many(1000));
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused, ElementsAre(refused_at(500, StoreStage::kRecords, "121")));
  EXPECT_EQ(report.inserted, 999U);
  EXPECT_EQ(report.duplicates, 0U);
  EXPECT_EQ(report.round_trips, 6U);  // One more than without: what is refused may be there all the same.
  expect_fold(settings_, without(versions, {500}));
  EXPECT_EQ(read_records(settings_, testing::keys_of(versions)).size(), 999U);
  EXPECT_EQ(position_of(agent_), 1000U);
}

TEST_F(MongodbRefused, SeveralAreNamedInTheOrderOfTheirLeavesWhicheverCollectionRefusesThem) {
  refuse("insert auth_logs", {"t/d", "t/a"});
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("b").hash(1),
                                       failed(4).log_id("c"), failed(5).log_id("d")});
  refuse("insert auth_log_conflicts", {version_id(Shelf::kConflicts, versions[2])}, 2);
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused,
              ElementsAre(refused_at(1, StoreStage::kRecords, "121"), refused_at(3, StoreStage::kConflicts, "2"),
                          refused_at(5, StoreStage::kRecords, "121")));
  expect_fold(settings_, without(versions, {1, 3, 5}));
}

TEST_F(MongodbRefused, WhereAllAreThePositionMovesOnAndThereIsNoAccount) {
  refuse("insert auth_logs", {"t/a", "t/b"});
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_EQ(report.refused.size(), 2U);
  EXPECT_EQ(report.accounts, 0U);
  expect_fold(settings_, {});
  EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
  EXPECT_EQ(position_of(agent_), 2U);
}

TEST_F(MongodbRefused, AConflictLeavesItsRecordWithoutAMark) {
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("a").hash(2)});
  refuse("insert auth_log_conflicts", {version_id(Shelf::kConflicts, versions[1])});
  EXPECT_THAT(report_of(agent_.flush(versions)).refused, ElementsAre(refused_at(2, StoreStage::kConflicts, "121")));
  EXPECT_FALSE(read_records(settings_, testing::keys_of(versions)).at(0).has_conflict);
  expect_fold(settings_, without(versions, {2}));
}

// A validator that came after the record was written refuses its change.
TEST_F(MongodbRefused, AConflictWhoseRecordCannotBeMarkedIsKeptAndCountedAndNamedAlone) {
  const auto versions = agent_.accept(
      {failed(1).log_id("a"), failed(2).log_id("a").hash(2), failed(3).log_id("b"), failed(4).log_id("b").hash(2)});
  refuse("update auth_logs", {"t/a"});
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused, ElementsAre(refused_at(2, StoreStage::kConflicts, "121")));
  EXPECT_EQ(read_conflicts(settings_, testing::keys_of(versions)).size(), 2U);
  expect_fold(settings_, versions);
  for (const StoredVersion& record : read_records(settings_, testing::keys_of(versions))) {
    EXPECT_EQ(record.has_conflict, record.version.event.log_id == "b");
  }
}

TEST_F(MongodbRefused, WhatIsInTheStoreAlreadyIsADuplicate) {
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  report_of(agent_.flush(versions));
  refuse("insert auth_logs", {"t/a"});
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused, IsEmpty());
  EXPECT_EQ(report.duplicates, 2U);
}

TEST_F(MongodbRefused, WhatAnEarlierTryLeftWithoutItsAccountIsCounted) {
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  testing::insert_record_only(settings_, versions[0]);
  refuse("insert auth_logs", {"t/a"});
  EXPECT_THAT(report_of(agent_.flush(versions)).refused, IsEmpty());
  expect_fold(settings_, versions);
}

TEST_F(MongodbRefused, ARepeatInTheSameBatchIsRefusedWithItWithoutBeingAskedFor) {
  refuse("insert auth_logs", {"t/a"});
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(1).log_id("a"), failed(3).log_id("b")});
  proxy_.clear_commands();
  EXPECT_THAT(report_of(agent_.flush(versions)).refused,
              ElementsAre(refused_at(1, StoreStage::kRecords, "121"), refused_at(2, StoreStage::kRecords, "121")));
  EXPECT_EQ(std::ranges::count(proxy_.commands(), "insert auth_logs"), 1);
}

class MongodbRefusedCut : public ::testing::TestWithParam<testing::Cut> {
 protected:
  testing::CuttingProxy proxy_{testing::java_server_port()};
};

TEST_P(MongodbRefusedCut, AtAnyCommandOfAFlushEndsInTheSameState) {
  for (unsigned number = 1;; ++number) {
    SCOPED_TRACE("cut at command " + std::to_string(number));
    const std::string database = testing::fresh_database();
    const StoreSettings direct = testing::settings_for(testing::java_server_port(), database);
    TestAgent agent(testing::settings_for(proxy_.port(), database), 1);
    const auto versions = agent.accept({failed(1).log_id("a"), success(2).log_id("b"), failed(3).log_id("c"),
                                        failed(4).log_id("c").hash(1), failed(5).log_id("c").hash(2)});
    proxy_.refuse({.command = "insert auth_logs", .ids = {"t/b"}});
    proxy_.refuse(
        {.command = "insert auth_log_conflicts", .ids = {version_id(Shelf::kConflicts, versions[3])}, .code = 2});
    proxy_.cut_at(number, GetParam());
    const auto first = agent.flush(versions);
    if (!proxy_.has_cut()) {
      report_of(first);
      EXPECT_GT(number, 8U);
      return;
    }
    EXPECT_EQ(error_of(first).reaction, Reaction::kReconnect);
    agent.restart();
    EXPECT_THAT(report_of(agent.flush(versions)).refused,
                ElementsAre(refused_at(2, StoreStage::kRecords, "121"), refused_at(4, StoreStage::kConflicts, "2")));
    expect_fold(direct, without(versions, {2, 4}));
    EXPECT_TRUE(testing::read_leftover_epochs(direct).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(BothSides, MongodbRefusedCut,
                         ::testing::Values(testing::Cut::kBeforeServer, testing::Cut::kReplyLost));

TEST_F(MongodbRefused, WhoeverFinishesForADeadAgentWaitsForNoneOfThem) {
  refuse("insert auth_logs", {"t/b"});
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  proxy_.cut_at(4, testing::Cut::kBeforeServer);  // After the records, and the look for those that are refused.
  error_of(agent_.flush(versions));
  TestAgent heir(settings_, 2);
  for (const std::chrono::seconds silence : {kSilentBefore, std::chrono::seconds(kSilentBeforeLast)}) {
    heir.clock().advance(silence);
    ASSERT_TRUE(heir.connect());
    ASSERT_TRUE(heir.connect());
  }
  EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
  expect_fold(settings_, without(versions, {2}));
}

TEST_F(MongodbRefused, ADocumentThatIsTooLargeIsKnownBeforeItIsSent) {
  Version large = failed(1).log_id("large");
  large.event.user_agent.emplace().resize(17'000'000, 'x');
  const auto versions = agent_.accept({large, failed(2).log_id("b")});
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused, ElementsAre(refused_at(1, StoreStage::kRecords, "")));
  EXPECT_EQ(report.inserted, 1U);
  expect_fold(settings_, without(versions, {1}));
}

TEST_F(MongodbRefused, AreFoundByHalvesWhereTheServerFailsTheWholeCommand) {
  fail_commands({"t/log-3", "t/log-500"}, 2);
  const auto versions = agent_.accept(many(1000));
  proxy_.clear_commands();
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused,
              ElementsAre(refused_at(3, StoreStage::kRecords, "2"), refused_at(500, StoreStage::kRecords, "2")));
  EXPECT_EQ(report.inserted, 998U);
  EXPECT_LE(std::ranges::count(proxy_.commands(), "insert auth_logs"), 42);  // 1 + two ways of 10 halvings, 2 each.
  expect_fold(settings_, without(versions, {3, 500}));
}

// The server takes 1,000 writes a command: the first command of this batch succeeds, and the driver sends both.
TEST_F(MongodbRefused, AreFoundByHalvesWhereTheServerFailsOneOfSeveralCommands) {
  fail_commands({"t/log-1200"}, 2);
  const auto versions = agent_.accept(many(1500));
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused, ElementsAre(refused_at(1200, StoreStage::kRecords, "2")));
  EXPECT_EQ(report.inserted, 1499U);
  EXPECT_EQ(report.duplicates, 0U);
  expect_fold(settings_, without(versions, {1200}));
}

TEST_F(MongodbRefused, NobodyIsBlamedWhereEveryCommandFails) {
  fail_commands({"t/a", "t/b", "t/c"}, 2);
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c")});
  const StoreError error = error_of(agent_.flush(versions));
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_EQ(error.code, "2");
  EXPECT_THAT(error.words, HasSubstr("auth_logs"));
  proxy_.refuse_nothing();
  agent_.restart();
  report_of(agent_.flush(versions));
  expect_fold(settings_, versions);
}

TEST_F(MongodbRefused, MoreThanABatchMayTakeIsTriedAgainInSmallerOnes) {
  std::set<std::string> ids;
  for (int i = 2; i <= 1000; i += 2) {
    ids.insert("t/log-" + std::to_string(i));
  }
  fail_commands(ids, 2);
  const auto versions = agent_.accept(many(1000));
  EXPECT_EQ(error_of(agent_.flush(versions)).reaction, Reaction::kRetrySmaller);
  for (std::size_t from = 0; from < 1000; from += 250) {
    EXPECT_EQ(report_of(agent_.flush({&versions[from], 250})).refused.size(), 125U);
  }
  std::set<std::uint64_t> even;
  for (std::uint64_t leaf = 2; leaf <= 1000; leaf += 2) {
    even.insert(leaf);
  }
  expect_fold(settings_, without(versions, even));
}

TEST_F(MongodbRefused, AnErrorWithoutARuleNamesTheEventsThatItHitsAlone) {
  refuse("insert auth_logs", {"t/b", "t/c"}, 424'242);
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c")});
  for (int time = 0; time < 2; ++time) {  // The second time "a" is a duplicate.
    const StoreError error = error_of(agent_.flush(versions));
    EXPECT_EQ(error.reaction, Reaction::kRetry);
    EXPECT_EQ(error.code, "424242");
    EXPECT_EQ(error.where, StoreStage::kRecords);
    EXPECT_THAT(error.leaves, ElementsAre(2U, 3U));
  }
  proxy_.refuse_nothing();
  EXPECT_THAT(report_of(agent_.flush(versions)).refused, IsEmpty());
  expect_fold(settings_, versions);
}

TEST_F(MongodbRefused, AnErrorWithoutARuleThatHitsAllOrTheirCommandNamesNobody) {
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  refuse("insert auth_logs", {"t/a", "t/b"}, 424'242);
  EXPECT_THAT(error_of(agent_.flush(versions)).leaves, IsEmpty());
  fail_commands({"t/a"}, 424'242);
  const StoreError error = error_of(agent_.flush(versions));
  EXPECT_EQ(error.reaction, Reaction::kRetry);
  EXPECT_THAT(error.leaves, IsEmpty());
}

TEST_F(MongodbRefused, AnErrorWithARuleNamesNobody) {
  refuse("insert auth_logs", {"t/b"}, 112);
  const StoreError error = error_of(agent_.flush(agent_.accept({failed(1).log_id("a"), failed(2).log_id("b")})));
  EXPECT_EQ(error.code, "112");
  EXPECT_THAT(error.leaves, IsEmpty());
}

TEST_F(MongodbRefused, AnAccountOrAPositionBlamesNoEventAndIsHeldByItsName) {
  const auto versions = agent_.accept({failed(1), failed(2)});
  const std::string line = uuid_text(agent_.epoch_id());
  for (const auto& [step, id, where] :
       {std::tuple{"insert account_lockouts", std::string("t/id:u"), StoreStage::kAccounts},
        std::tuple{"update twinlog_agents", line, StoreStage::kPosition}}) {
    SCOPED_TRACE(step);
    proxy_.refuse_nothing();
    refuse(step, {id});
    const StoreError error = error_of(agent_.flush(versions));
    EXPECT_EQ(error.reaction, Reaction::kHold);
    EXPECT_EQ(error.where, where);
    EXPECT_EQ(error.code, "121");
    EXPECT_THAT(error.words, HasSubstr(where == StoreStage::kAccounts ? "account_lockouts: " : "twinlog_agents: "));
    EXPECT_THAT(error.leaves, IsEmpty());
    agent_.restart();
  }
  proxy_.refuse_nothing();
  agent_.restart();
  report_of(agent_.flush(versions));
  expect_fold(settings_, versions);
}

}  // namespace
}  // namespace twinlog::mongodb
