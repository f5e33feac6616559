// What the real servers at hand cannot be made to answer; so these rest on the scripted peer.
#include <gtest/gtest.h>

#include "plugins/mongodb/accounts.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_answers.h"
#include "tests/mongodb/scripted_peer.h"

namespace twinlog::mongodb {
namespace {

using testing::account_of_another_agent;
using testing::error_of;
using testing::failed;
using testing::found;
using testing::ScriptedPeer;
using testing::TestAgent;

constexpr const char* kDuplicate = R"({"ok":1,"n":0,"writeErrors":[{"index":0,"code":11000,"errmsg":"dup"}]})";

/// What a find of auth_logs answers for the record "t/<log_id>" of epoch 1 and the leaf; hash all zero.
std::string stored_copy(const std::string& log_id, int leaf) {
  return found(
      "auth_logs",
      R"({"_id":"t/)" + log_id +
          R"(","content_hash":{"$binary":{"base64":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","subType":"00"}},)"
          R"("epoch_id":"01010101-0101-0101-0101-010101010101","leaf_index":{"$numberLong":")" +
          std::to_string(leaf) + R"("}})");
}

/// A find's answer with the line of epoch 1.
std::string line_of_our_epoch(int leaf) {
  return found("twinlog_agents", R"({"_id":"01010101-0101-0101-0101-010101010101","last_leaf_index":{"$numberLong":")" +
                                     std::to_string(leaf) + R"("}})");
}

class MongodbReplies : public ::testing::Test {
 protected:
  explicit MongodbReplies(int most_writes = 100'000) : peer_(most_writes) { peer_.answer_current_schema(1); }
  TestAgent connected_agent() { return TestAgent(testing::settings_for(peer_.port(), "db"), 1); }
  ScriptedPeer peer_;
};

TEST_F(MongodbReplies, AMajorityThatDidNotConfirmIsNotHiddenByADuplicate) {
  peer_.answer("insert auth_logs", R"({"ok":1,"n":0,"writeErrors":[{"index":0,"code":11000,"errmsg":"dup"}],)"
                                   R"("writeConcernError":{"code":64,"errmsg":"waiting for replication timed out"}})");
  TestAgent agent = connected_agent();
  const StoreError error = error_of(agent.flush(agent.accept({failed(1)})));
  EXPECT_EQ(error.reaction, Reaction::kRetry);
  EXPECT_EQ(error.code, "64");
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

/// A write that was done, and not confirmed.
constexpr const char* kNotConfirmed =
    R"({"ok":1,"n":1,"nModified":1,"writeConcernError":{"code":64,"errmsg":"waiting for replication timed out"}})";

TEST_F(MongodbReplies, AMajorityThatDidNotConfirmFailsEveryCommandOfAFlush) {
  for (const char* step : {"insert twinlog_agents", "insert auth_logs", "insert auth_log_conflicts", "update auth_logs",
                           "insert account_lockouts", "update account_lockouts", "update twinlog_agents"}) {
    SCOPED_TRACE(step);
    ScriptedPeer peer;
    peer.answer_current_schema(1);
    peer.answer(step, kNotConfirmed);
    peer.answer("insert auth_logs", kDuplicate);
    peer.answer("find auth_logs", stored_copy("a", 7));
    if (std::string(step) == "update account_lockouts") {
      peer.answer("find account_lockouts", account_of_another_agent());
    }
    TestAgent agent(testing::settings_for(peer.port(), "db"), 1);
    const auto versions = agent.accept({failed(1).log_id("a").hash(1), failed(2).log_id("b")});
    EXPECT_EQ(error_of(agent.flush(versions)).code, "64");
  }
}

TEST_F(MongodbReplies, APositionThatNobodyConfirmedIsReadAnewAndIsNoRestoredStore) {
  for (const int leaf : {0, 1}) {
    SCOPED_TRACE("the write was " + std::string(leaf == 0 ? "rolled back" : "kept"));
    ScriptedPeer peer;
    peer.answer_current_schema(1);
    peer.answer("update twinlog_agents", kNotConfirmed);
    TestAgent agent(testing::settings_for(peer.port(), "db"), 1);
    const auto versions = agent.accept({failed(1)});
    EXPECT_EQ(error_of(agent.flush(versions)).reaction, Reaction::kRetry);
    peer.answer("find twinlog_agents", line_of_our_epoch(leaf));
    testing::report_of(agent.flush(versions));
    EXPECT_TRUE(agent.store().is_connected());
  }
}

TEST_F(MongodbReplies, AfterAFlushThatFailedAccountsAreReadAsAMajorityHasThem) {
  peer_.answer("insert account_lockouts", kNotConfirmed);
  TestAgent agent = connected_agent();
  const auto versions = agent.accept({failed(1)});
  error_of(agent.flush(versions));
  testing::report_of(agent.flush(versions));
  EXPECT_NE(peer_.last("find account_lockouts").find("majority"), std::string::npos);
  testing::report_of(agent.flush(versions));
  EXPECT_EQ(peer_.last("find account_lockouts").find("majority"), std::string::npos);
}

TEST_F(MongodbReplies, ALostReplyIsAnUnknownOutcomeAndRepeatingItEndsTheSame) {
  peer_.drop("insert auth_logs");
  TestAgent agent = connected_agent();
  const auto versions = agent.accept({failed(1)});
  EXPECT_EQ(error_of(agent.flush(versions)).reaction, Reaction::kReconnect);
  EXPECT_FALSE(agent.store().is_connected());
  peer_.answer_current_schema(1);
  agent.restart();
  peer_.answer("insert auth_logs", kDuplicate);
  peer_.answer("find auth_logs", stored_copy(versions[0].event.log_id, 1));
  const FlushReport report = testing::report_of(agent.flush(versions));
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(report.accounts, 1U);
}

class MongodbSplitReplies : public MongodbReplies {
 protected:
  MongodbSplitReplies() : MongodbReplies(1) {}
};

// The driver reports 11000 for such a bulk: the write errors of the first command cover up that the second one broke.
TEST_F(MongodbSplitReplies, ABrokenConnectionIsNotHiddenByADuplicateOfAnEarlierCommand) {
  peer_.answer("insert auth_logs", kDuplicate);
  peer_.drop("insert auth_logs");
  TestAgent agent = connected_agent();
  const StoreError error = error_of(agent.flush(agent.accept({failed(1), failed(2)})));
  EXPECT_EQ(error.reaction, Reaction::kReconnect);
  EXPECT_EQ(peer_.count("find auth_logs"), 0U);
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

TEST_F(MongodbSplitReplies, AFailedCommandIsNotHiddenByADuplicateOfALaterOne) {
  peer_.answer("insert auth_logs", R"({"ok":0,"code":10107,"errmsg":"not primary"})");
  peer_.answer("insert auth_logs", kDuplicate);
  TestAgent agent = connected_agent();
  EXPECT_EQ(error_of(agent.flush(agent.accept({failed(1), failed(2)}))).reaction, Reaction::kReconnect);
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

// The driver forgets the error of a failed command when a later command of the bulk succeeds.
TEST_F(MongodbSplitReplies, AFailedCommandIsNotForgottenWhenALaterOneSucceeds) {
  peer_.answer("insert auth_logs", R"({"ok":0,"code":10107,"errmsg":"not primary"})");
  TestAgent agent = connected_agent();
  error_of(agent.flush(agent.accept({failed(1), failed(2)})));
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

/// Accounts are written by one bulk that the driver splits: new ones are inserted, then known ones replaced.
class MongodbSplitAccounts : public MongodbSplitReplies {
 protected:
  StoreError error_of_accounts() {
    peer_.answer("find account_lockouts", account_of_another_agent());
    TestAgent agent = connected_agent();
    StoreError error = error_of(agent.flush(agent.accept({failed(2), failed(3).user("new")})));
    EXPECT_EQ(peer_.count("insert account_lockouts"), 1U);
    EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
    return error;
  }
};

TEST_F(MongodbSplitAccounts, AnInsertThatFailedIsNotForgottenWhenTheReplacementSucceeds) {
  peer_.answer("insert account_lockouts", R"({"ok":0,"code":10107,"errmsg":"not primary"})");
  EXPECT_EQ(error_of_accounts().reaction, Reaction::kReconnect);
}

TEST_F(MongodbSplitAccounts, AnInsertThatBrokeTheConnectionIsNotForgotten) {
  peer_.drop("insert account_lockouts");
  EXPECT_EQ(error_of_accounts().reaction, Reaction::kReconnect);
}

TEST_F(MongodbSplitAccounts, AnInsertThatNobodyConfirmedIsNotForgottenWhenTheReplacementSucceeds) {
  peer_.answer("insert account_lockouts", kNotConfirmed);
  EXPECT_EQ(error_of_accounts().code, "64");
  EXPECT_EQ(peer_.count("update account_lockouts"), 1U);
}

TEST_F(MongodbSplitAccounts, AReplacementThatFailedIsNotHiddenByADuplicateOfTheInsert) {
  peer_.answer("insert account_lockouts", kDuplicate);
  peer_.answer("update account_lockouts", R"({"ok":0,"code":10107,"errmsg":"not primary"})");
  EXPECT_EQ(error_of_accounts().reaction, Reaction::kReconnect);
}

TEST_F(MongodbReplies, ADuplicateThatCannotBeReadBackIsRetried) {
  peer_.answer("insert auth_logs", kDuplicate);
  TestAgent agent = connected_agent();
  const StoreError error = error_of(agent.flush(agent.accept({failed(1)})));
  EXPECT_EQ(error.reaction, Reaction::kRetry);
  EXPECT_EQ(error.code, "11000");
}

TEST_F(MongodbReplies, ADuplicateThatCannotBeReadBackStaysALetterWhereItIsOneAlready) {
  TestAgent agent = connected_agent();
  const auto versions = agent.accept({failed(1)});
  testing::report_of(agent.flush(versions));
  peer_.answer("insert auth_logs", kDuplicate);
  const FlushReport report = testing::report_of(agent.replay(versions));
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].error.code, "11000");
}

TEST_F(MongodbReplies, AnAccountThatIsAlwaysLostToOthersEndsTheFlushAfterItsRounds) {
  for (unsigned round = 0; round < kAccountRoundsMost; ++round) {
    peer_.answer("find account_lockouts", account_of_another_agent());
    peer_.answer("update account_lockouts", R"({"ok":1,"n":0,"nModified":0})");
  }
  TestAgent agent = connected_agent();
  EXPECT_EQ(error_of(agent.flush(agent.accept({failed(2)}))).reaction, Reaction::kRetry);
  EXPECT_EQ(peer_.count("update account_lockouts"), kAccountRoundsMost);
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

TEST_F(MongodbReplies, AnAccountThatIsLostToOthersAndThenGoneIsRetried) {
  peer_.answer("insert account_lockouts", kDuplicate);
  TestAgent agent = connected_agent();
  EXPECT_EQ(error_of(agent.flush(agent.accept({failed(1)}))).reaction, Reaction::kRetry);
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

TEST_F(MongodbReplies, AStateThatCannotBeReadHoldsTheStore) {
  peer_.answer("find account_lockouts",
               R"({"ok":1,"cursor":{"id":{"$numberLong":"0"},"ns":"db.account_lockouts","firstBatch":[{"_id":"t/id:u",)"
               R"("version":{"$numberLong":"1"},"fold_state":{"$binary":{"base64":"/w==","subType":"00"}}}]}})");
  TestAgent agent = connected_agent();
  EXPECT_EQ(error_of(agent.flush(agent.accept({failed(1)}))).reaction, Reaction::kHold);
}

TEST(MongodbConnection, WithoutAServerIsRetried) {
  const std::uint16_t unused = testing::Socket::listening().port();
  testing::VirtualClock clock;
  testing::SeededRandom random(1);
  testing::NoWait pauses;
  const auto store =
      make_mongodb_store({.store = testing::settings_for(unused, "db"), .agent = "a"}, clock, random, pauses);
  const auto result = store->connect(testing::kNoEpochs);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reaction, Reaction::kReconnect);
  EXPECT_FALSE(store->is_connected());
}

TEST(MongodbConnection, WithABadAddressHoldsAndNeverQuotesIt) {
  for (const char* uri : {"mongodb://user:pa%ss-4711@host/db", "postgresql://host/db-4711", "mongodb://h:1", ""}) {
    SCOPED_TRACE(uri);
    StoreSettings settings;
    settings.uri = Secret::literal(uri);
    const auto lines = make_mongodb_admin(settings)->check();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].is_problem);
    EXPECT_EQ(lines[0].text.find("4711"), std::string::npos);
    EXPECT_NE(lines[0].text.find("stores.mongodb.uri"), std::string::npos);
  }
}

TEST(MongodbConnection, WithAPasswordButNoUserSaysSo) {
  StoreSettings settings = testing::settings_for(1, "db");
  settings.password = Secret::literal("p@ss:/4711");
  const auto lines = make_mongodb_admin(settings)->check();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].text.find("names no user"), std::string::npos);
  EXPECT_EQ(lines[0].text.find("4711"), std::string::npos);
}

}  // namespace
}  // namespace twinlog::mongodb
