// A defining event that comes late, behind a long attack: the server counts, and what it answers does not grow.
#include "plugins/mongodb/recount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iostream>

#include "plugins/mongodb/names.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_answers.h"
#include "tests/mongodb/scripted_peer.h"
#include "tests/support/long.h"

namespace twinlog::mongodb {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::expect_fold;
using testing::failed;
using ::testing::HasSubstr;
using testing::long_or;
using testing::report_of;
using testing::reset;
using testing::success;
using testing::TestAgent;

const AccountKey hot_account{"t", "id:u"};
constexpr int kBatch = 1'000;

/// Failures at `from`, `from` + 1 ...
std::vector<Version> failures(int from, int count) {
  std::vector<Version> versions;
  versions.reserve(static_cast<std::size_t>(count));
  for (int at = from; at < from + count; ++at) {
    versions.push_back(failed(at).log_id("failure-" + std::to_string(at)));
  }
  return versions;
}

class MongodbRecount : public ::testing::TestWithParam<const char*> {
 protected:
  bool is_ferretdb() const { return std::string(GetParam()) == "FerretDb"; }
  testing::CuttingProxy proxy_{is_ferretdb() ? testing::ferretdb_port() : testing::java_server_port()};
  StoreSettings settings_ = testing::settings_for(proxy_.port(), testing::fresh_database());
};

/// Flushes as a courier does; how many tries it took.
int tries_until_taken(TestAgent& agent, std::span<const Version> versions) {
  for (int tries = 1; tries <= 6; ++tries) {
    const auto result = agent.flush(versions);
    if (result) {
      EXPECT_EQ(result->recounts, 1U);
      return tries;
    }
    EXPECT_EQ(result.error().code, "50") << result.error().words;
    EXPECT_TRUE(agent.connect());
  }
  ADD_FAILURE() << "the recount does not end";
  return 0;
}

TEST_P(MongodbRecount, OfALongAttackEndsAndBringsOneAnswerHoweverLongItIs) {
  // FerretDB groups some thousands of rows in a second; a million needs the long form's memory in mongo-java-server.
  const int attack = is_ferretdb() ? 10'000 : long_or(1'000'000, 100'000);
  TestAgent attacked(settings_, 1);
  for (int from = 1; from <= attack; from += kBatch) {
    report_of(attacked.flush(attacked.accept(failures(from, kBatch))));
  }
  attacked.store().disconnect();  // The proxy serves one at a time.
  TestAgent late(settings_, 2);
  proxy_.clear_commands();
  const auto began = std::chrono::steady_clock::now();
  const int tries = tries_until_taken(late, late.accept({reset(1'000)}));
  std::cout << attack << " failures counted in "
            << std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() << " s, " << tries
            << " tries\n";
  late.store().disconnect();
  const auto commands = proxy_.commands();
  EXPECT_EQ(std::ranges::count(commands, "aggregate auth_logs"), tries);
  EXPECT_EQ(std::ranges::count_if(commands, [](const auto& command) { return command.starts_with("getMore"); }), 0);
  EXPECT_EQ(testing::read_account(settings_, hot_account).failed_login_attempts, attack - 1'000);
}

TEST_P(MongodbRecount, OfEpochsWithoutAMarkAsksForTheirLinesAndNoRowTwice) {
  constexpr int kAgents = 12;  // More than an account keeps marks of.
  std::vector<Version> all;
  for (int i = 0; i < kAgents; ++i) {
    TestAgent agent(settings_, static_cast<std::uint16_t>(10 + i));
    const auto versions = agent.accept(failures(100 * (i + 1), 5));
    report_of(agent.flush(versions));
    all.insert(all.end(), versions.begin(), versions.end());
  }
  TestAgent late(settings_, 2);
  const auto defining = late.accept({success(302)});
  proxy_.clear_commands();
  report_of(late.flush(defining));
  EXPECT_THAT(proxy_.commands(),
              ElementsAre("insert twinlog_agents", "insert auth_logs", "find account_lockouts", "aggregate auth_logs",
                          "aggregate auth_log_conflicts", "find twinlog_agents", "update account_lockouts",
                          "update twinlog_agents"));
  late.store().disconnect();
  all.push_back(defining[0]);
  expect_fold(settings_, all);
}

TEST_P(MongodbRecount, OfAReplayThatBringsBackWhatWasLostBelowThePositionIsTakenOnce) {
  TestAgent agent(settings_, 1);
  std::vector<Version> versions = agent.accept(failures(1, 50));
  report_of(agent.flush(versions));
  agent.store().disconnect();
  testing::remove(settings_, kRecords);
  agent.restart();
  std::uint64_t recounts = 0;
  for (std::size_t from = 0; from < versions.size(); from += 5) {
    recounts += report_of(agent.flush({&versions[from], 5})).recounts;
  }
  EXPECT_EQ(recounts, 1U);
  agent.store().disconnect();
  expect_fold(settings_, versions);
}

INSTANTIATE_TEST_SUITE_P(Servers, MongodbRecount, ::testing::Values("FerretDb", "MongoJavaServer"),
                         [](const auto& server) { return server.param; });

TEST(MongodbReplayedRows, AreCountedAnewWhereSomebodyElseWroteTheAccountMeanwhile) {
  const StoreSettings settings = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  TestAgent agent(settings, 1);
  const auto versions = agent.accept(failures(1, 3));
  report_of(agent.flush(versions));
  testing::remove(settings, kRecords);
  report_of(agent.flush({versions.data(), 1}));
  TestAgent other(settings, 2);
  const auto theirs = other.accept({failed(9), success(2)});
  report_of(other.flush(theirs));
  EXPECT_EQ(report_of(agent.flush({&versions[1], 2})).recounts, 1U);
  std::vector<Version> all = versions;
  all.insert(all.end(), theirs.begin(), theirs.end());
  expect_fold(settings, all);
}

constexpr const char* kTimeIsUp = R"({"ok":0,"code":50,"errmsg":"operation exceeded time limit"})";

/// Reads the whole number of a field out of a command's bytes.
std::int64_t int64_in(const std::string& bytes, const std::string& field) {
  const std::size_t at = bytes.find(field + '\0') + field.size() + 1;
  std::int64_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

class MongodbRecountTime : public ::testing::Test {
 protected:
  /// Makes the next flush of a success before that time need a recount.
  void need_a_recount() {
    peer_.answer_current_schema(1);
    peer_.answer("find account_lockouts", testing::account_of_another_agent(100));
  }
  testing::ScriptedPeer peer_;
};

TEST_F(MongodbRecountTime, GrowsWithEveryTryThatItWasTooShortForAndStartsAnewAfterOneThatWorked) {
  need_a_recount();
  TestAgent agent(testing::settings_for(peer_.port(), "db"), 1);
  const auto versions = agent.accept({success(1)});
  for (const std::int64_t allowed : {15'000, 30'000, 60'000, 120'000, 240'000, 240'000}) {
    peer_.answer("aggregate auth_logs", kTimeIsUp);
    const StoreError error = error_of(agent.flush(versions));
    // Where there is no more time to give, smaller batches need less of it.
    EXPECT_EQ(error.reaction, allowed == 240'000 ? Reaction::kReconnectSmaller : Reaction::kReconnect);
    EXPECT_EQ(error.code, "50");
    EXPECT_THAT(error.words, HasSubstr("recount of an account's failures"));
    EXPECT_EQ(int64_in(peer_.last("aggregate auth_logs"), "maxTimeMS"), allowed);
    need_a_recount();
    ASSERT_TRUE(agent.connect());
  }
  report_of(agent.flush(versions));
  EXPECT_FALSE(agent.store().is_connected());  // What waits so long is for that recount alone.
  need_a_recount();
  ASSERT_TRUE(agent.connect());
  report_of(agent.flush(versions));
  EXPECT_EQ(int64_in(peer_.last("aggregate auth_logs"), "maxTimeMS"), 15'000);
}

TEST_F(MongodbRecountTime, IsKeptWhereALostRaceMakesItCountAnew) {
  need_a_recount();
  TestAgent agent(testing::settings_for(peer_.port(), "db"), 1);
  const auto versions = agent.accept({success(1)});
  peer_.answer("aggregate auth_logs", kTimeIsUp);
  error_of(agent.flush(versions));
  need_a_recount();
  peer_.answer("update account_lockouts", R"({"ok":1,"n":0,"nModified":0})");
  peer_.answer("find account_lockouts", testing::account_of_another_agent(100));
  ASSERT_TRUE(agent.connect());
  report_of(agent.flush(versions));
  EXPECT_EQ(peer_.count("aggregate auth_logs"), 3U);
  EXPECT_EQ(int64_in(peer_.last("aggregate auth_logs"), "maxTimeMS"), 30'000);
}

TEST_F(MongodbRecountTime, OfARefusalIsNoReasonToWaitLongerAndIsNamedToo) {
  need_a_recount();
  peer_.answer("aggregate auth_logs", R"({"ok":0,"code":13,"errmsg":"not authorized"})");
  TestAgent agent(testing::settings_for(peer_.port(), "db"), 1);
  const StoreError error = error_of(agent.flush(agent.accept({success(1)})));
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_THAT(error.words, HasSubstr("recount of an account's failures"));
}

}  // namespace
}  // namespace twinlog::mongodb
