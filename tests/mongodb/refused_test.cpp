// A document that the server refuses for what it holds: which event it was, and whether an event is to blame at all.
// These rest on the scripted peer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_peer.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::failed;
using ::testing::IsEmpty;
using testing::ScriptedPeer;
using testing::TestAgent;

constexpr const char* kRefusesSecondAndThird =
    R"({"ok":1,"n":1,"writeErrors":[{"index":1,"code":121,"errmsg":"v"},{"index":2,"code":17280,"errmsg":"k"}]})";
constexpr const char* kRefusesFirst = R"({"ok":1,"n":0,"writeErrors":[{"index":0,"code":121,"errmsg":"v"}]})";

class MongodbRefused : public ::testing::Test {
 protected:
  MongodbRefused() { peer_.answer_current_schema(1); }
  ScriptedPeer peer_;
};

TEST_F(MongodbRefused, EventsAreNamedByTheirLeaves) {
  peer_.answer("insert auth_logs", kRefusesSecondAndThird);
  TestAgent agent(testing::settings_for(peer_.port(), "db"), 1);
  const StoreError error =
      error_of(agent.flush(agent.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c")})));
  EXPECT_EQ(error.reaction, Reaction::kPoison);
  EXPECT_EQ(error.where, StoreStage::kRecords);
  EXPECT_EQ(error.code, "121");
  EXPECT_THAT(error.leaves, ElementsAre(2U, 3U));
}

TEST_F(MongodbRefused, AnAccountOrAPositionBlamesNoEventAndIsHeld) {
  for (const auto& [step, where] : {std::pair{"insert account_lockouts", StoreStage::kAccounts},
                                    std::pair{"update twinlog_agents", StoreStage::kPosition}}) {
    SCOPED_TRACE(step);
    peer_.answer_current_schema(1);
    peer_.answer(step, kRefusesFirst);
    TestAgent agent(testing::settings_for(peer_.port(), "db"), 1);
    const StoreError error = error_of(agent.flush(agent.accept({failed(1)})));
    EXPECT_EQ(error.reaction, Reaction::kHold);
    EXPECT_EQ(error.where, where);
    EXPECT_THAT(error.leaves, IsEmpty());
  }
}

}  // namespace
}  // namespace twinlog
