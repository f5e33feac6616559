// One case per code of the table, each answered by the scripted peer in the middle of a
// flush.
#include "plugins/mongodb/error_table.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_peer.h"

namespace twinlog::mongodb {
namespace {

using testing::error_of;
using testing::failed;
using testing::ScriptedPeer;
using testing::TestAgent;

struct Expected {
  int code;
  Reaction reaction;
};

constexpr Expected kExpected[] = {
    {6, Reaction::kReconnect},       {7, Reaction::kReconnect},      {11, Reaction::kHold},
    {13, Reaction::kHold},           {18, Reaction::kHold},          {20, Reaction::kHold},
    {24, Reaction::kRetry},          {43, Reaction::kRetry},         {50, Reaction::kRetrySmaller},
    {59, Reaction::kHold},           {64, Reaction::kRetry},         {67, Reaction::kHold},
    {73, Reaction::kHold},           {79, Reaction::kHold},          {85, Reaction::kHold},
    {86, Reaction::kHold},           {89, Reaction::kReconnect},     {91, Reaction::kReconnect},
    {100, Reaction::kRetry},         {112, Reaction::kRetry},        {115, Reaction::kHold},
    {121, Reaction::kPoison},        {146, Reaction::kRetrySmaller}, {166, Reaction::kHold},
    {189, Reaction::kReconnect},     {202, Reaction::kRetry},        {237, Reaction::kRetry},
    {238, Reaction::kHold},          {251, Reaction::kRetry},        {262, Reaction::kRetrySmaller},
    {2, Reaction::kPoison},          {9, Reaction::kPoison},         {22, Reaction::kPoison},
    {52, Reaction::kPoison},         {57, Reaction::kPoison},        {8000, Reaction::kRetry},
    {9001, Reaction::kReconnect},    {10107, Reaction::kReconnect},  {10334, Reaction::kPoison},
    {11000, Reaction::kPoison},      {11600, Reaction::kReconnect},  {11602, Reaction::kReconnect},
    {12501, Reaction::kRetrySlowly}, {13435, Reaction::kReconnect},  {13436, Reaction::kReconnect},
    {14031, Reaction::kRetrySlowly}, {17280, Reaction::kPoison},     {17419, Reaction::kPoison},
    {17420, Reaction::kPoison},      {15, Reaction::kPoison},        {171, Reaction::kPoison},
    {16755, Reaction::kPoison},
};

TEST(MongodbErrorTable, HasATestForEachOfItsRowsAndNoCodeTwice) {
  std::multiset<int> rows;
  std::multiset<int> expected;
  for (const ServerErrorRow& row : server_error_rows()) {
    rows.insert(row.code);
    EXPECT_FALSE(row.words.empty());
  }
  for (const Expected& one : kExpected) {
    expected.insert(one.code);
  }
  EXPECT_EQ(rows, expected);
  EXPECT_EQ(rows.size(), std::set<int>(rows.begin(), rows.end()).size());
}

TEST(MongodbErrorTable, RetriesWhatItDoesNotKnow) {
  EXPECT_EQ(server_error(424'242).reaction, Reaction::kRetry);
  EXPECT_EQ(server_error(424'242).code, "424242");
  EXPECT_EQ(driver_error(999, 1).reaction, Reaction::kReconnect);
}

class MongodbErrorCode : public ::testing::TestWithParam<Expected> {
 protected:
  MongodbErrorCode() { peer_.answer_current_schema(1); }

  StoreResult<FlushReport> flush_one() {
    TestAgent agent(testing::settings_for(peer_.port(), "db"), 1);
    return agent.flush(agent.accept({failed(1)}));
  }
  ScriptedPeer peer_;
};

TEST_P(MongodbErrorCode, OfACommandHasItsReactionAndBlamesNoEventThatWasAlone) {
  const std::string code = std::to_string(GetParam().code);
  peer_.answer("insert auth_logs", R"({"ok":0,"errmsg":"the secret value 4711","code":)" + code + "}");
  const StoreError error = error_of(flush_one());
  EXPECT_EQ(error.reaction, GetParam().reaction == Reaction::kPoison ? Reaction::kHold : GetParam().reaction);
  EXPECT_EQ(error.code, code);
  EXPECT_EQ(error.words.find("4711"), std::string::npos);
  EXPECT_EQ(peer_.count("update twinlog_agents"), 0U);
}

TEST_P(MongodbErrorCode, OfOneDocumentHasItsReaction) {
  const std::string code = std::to_string(GetParam().code);
  peer_.answer("insert auth_logs", R"({"ok":1,"n":0,"writeErrors":[{"index":0,"errmsg":"4711","keyPattern":{"seq":1},)"
                                   R"("code":)" +
                                       code + "}]}");
  const auto result = flush_one();
  const bool is_refused = GetParam().reaction == Reaction::kPoison;
  ASSERT_EQ(result.ok(), is_refused);
  const StoreError error = is_refused ? result->refused.at(0).error : error_of(result);
  EXPECT_EQ(error.reaction, GetParam().reaction);
  EXPECT_EQ(error.code, code);
  EXPECT_EQ(error.constraint, "seq");
  EXPECT_EQ(peer_.count("update twinlog_agents"), is_refused ? 1U : 0U);
}

INSTANTIATE_TEST_SUITE_P(Table, MongodbErrorCode, ::testing::ValuesIn(kExpected),
                         [](const auto& row) { return "Code" + std::to_string(row.param.code); });

}  // namespace
}  // namespace twinlog::mongodb
