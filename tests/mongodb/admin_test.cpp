#include <gtest/gtest.h>

#include <algorithm>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/names.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_peer.h"

namespace twinlog::mongodb {
namespace {

using testing::failed;
using testing::report_of;
using testing::TestAgent;

std::string text_of(const std::vector<CheckLine>& lines) {
  std::string text;
  for (const CheckLine& line : lines) {
    text += (line.is_problem ? "problem: " : "") + line.text + "\n";
  }
  return text;
}

bool has_problem(const std::vector<CheckLine>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const CheckLine& line) { return line.is_problem; });
}

std::set<std::string> index_names(const StoreSettings& settings, const char* collection) {
  auto client = Client::connect(settings);
  Bson command;
  BsonWriter(command).text("listIndexes", collection);
  auto reply = (*client)->command(command);
  std::set<std::string> names;
  bson_iter_t batch;
  bson_iter_t top;
  if (bson_iter_init(&top, reply->get()) && bson_iter_find_descendant(&top, "cursor.firstBatch", &batch)) {
    bson_iter_t index;
    bson_iter_recurse(&batch, &index);
    while (bson_iter_next(&index)) {
      bson_iter_t name;
      if (bson_iter_recurse(&index, &name) && bson_iter_find(&name, "name")) {
        names.insert(bson_iter_utf8(&name, nullptr));
      }
    }
  }
  return names;
}

class MongodbAdmin : public ::testing::TestWithParam<const char*> {
 protected:
  std::uint16_t port() const {
    return std::string(GetParam()) == "FerretDb" ? testing::ferretdb_port() : testing::java_server_port();
  }
  StoreSettings settings_ = testing::settings_for(port(), testing::fresh_database());
};

TEST_P(MongodbAdmin, MigratesOnceAndThenSaysThatAllIsCurrent) {
  const auto admin = make_mongodb_admin(settings_);
  const auto first = admin->migrate();
  ASSERT_TRUE(first);
  const auto second = admin->migrate().value();
  EXPECT_NE(text_of(second).find("current already"), std::string::npos);
  const auto lines = admin->check();
  EXPECT_FALSE(has_problem(lines)) << text_of(lines);
  EXPECT_NE(text_of(lines).find("schema version 3, current"), std::string::npos);
}

TEST_P(MongodbAdmin, CreatesTheIndexesForTheQuestionsThatPeopleAskAndNoMore) {
  ASSERT_TRUE(make_mongodb_admin(settings_)->migrate());
  const std::set<std::string> expected{"_id_", "tenant_time", "tenant_account_time", "tenant_ip_time"};
  EXPECT_EQ(index_names(settings_, kRecords), expected);
  EXPECT_EQ(index_names(settings_, kAccounts), (std::set<std::string>{"_id_", "guard_by_tenant"}));
}

TEST_P(MongodbAdmin, NamesWhatToDoWhereThereIsNoSchemaAndNoneMayBeMade) {
  settings_.migrate = false;
  const auto lines = make_mongodb_admin(settings_)->check();
  EXPECT_TRUE(has_problem(lines));
  EXPECT_NE(text_of(lines).find("twinlog migrate"), std::string::npos);
  testing::VirtualClock clock;
  testing::SeededRandom random(1);
  testing::NoWait pauses;
  const auto store = make_mongodb_store({.store = settings_, .agent = "a"}, clock, random, pauses);
  const auto result = store->connect(testing::kNoEpochs);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reaction, Reaction::kHold);
}

TEST_P(MongodbAdmin, NamesAnotherVersionOfUnicodeAndKeepsItWhateverIsUpgraded) {
  ASSERT_TRUE(make_mongodb_admin(settings_)->migrate());
  testing::update_all(settings_, kMeta, R"({"$set":{"folding_unicode":"1.0.0","version":1}})");
  ASSERT_TRUE(make_mongodb_admin(settings_)->migrate());
  EXPECT_NE(text_of(make_mongodb_admin(settings_)->check())
                .find("problem: the accounts of this database were named by "
                      "Unicode 1.0.0"),
            std::string::npos);
  TestAgent agent(settings_, 1);
  EXPECT_NE(text_of(agent.store().take_notes()).find("Unicode 1.0.0"), std::string::npos);
  ASSERT_TRUE(agent.connect());
  EXPECT_EQ(text_of(agent.store().take_notes()), "");
}

TEST_P(MongodbAdmin, FlushesReplaysAndConflictsAndFoldsOnThisServer) {
  TestAgent agent(settings_, 1);
  const auto versions = agent.accept({failed(10).log_id("x").hash(1), failed(20), failed(30).log_id("x").hash(2),
                                      testing::success(15), testing::locked(40).until(50)});
  report_of(agent.flush({versions.data(), 3}));
  report_of(agent.flush(versions));
  report_of(agent.flush(versions));
  testing::expect_fold(settings_, versions);
  const auto records = testing::read_records(settings_, testing::keys_of(versions));
  EXPECT_EQ(records.size(), 4U);
  EXPECT_EQ(testing::read_conflicts(settings_, testing::keys_of(versions)).size(), 1U);
  EXPECT_EQ(std::count_if(records.begin(), records.end(), [](const StoredVersion& one) { return one.has_conflict; }),
            1);
}

INSTANTIATE_TEST_SUITE_P(Servers, MongodbAdmin, ::testing::Values("FerretDb", "MongoJavaServer"),
                         [](const auto& server) { return server.param; });

TEST(MongodbSchema, ThatIsCurrentNeedsNoMoreThanReadingAndWriting) {
  testing::ScriptedPeer peer;
  peer.answer_current_schema(1);
  TestAgent agent(testing::settings_for(peer.port(), "db"), 1);
  report_of(agent.flush(agent.accept({failed(1)})));
  EXPECT_EQ(peer.count("create auth_logs") + peer.count("createIndexes auth_logs"), 0U);
}

}  // namespace
}  // namespace twinlog::mongodb
