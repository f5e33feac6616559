// A store restored or emptied behind a living connection, in parts: marks and records contradict each other.
#include <gtest/gtest.h>

#include "plugins/mongodb/names.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"

namespace twinlog::mongodb {
namespace {

using testing::error_of;
using testing::expect_fold;
using testing::failed;
using testing::remove;
using testing::report_of;
using testing::success;
using testing::TestAgent;

class MongodbForgetting : public ::testing::Test {
 protected:
  void set_position(int leaf) {
    testing::update_all(settings_, kAgents,
                        R"({"$set":{"last_leaf_index":{"$numberLong":")" + std::to_string(leaf) + R"("}}})");
  }

  StoreSettings settings_ = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  TestAgent agent_{settings_, 1};
};

TEST_F(MongodbForgetting, APositionThatWasTakenAwayStopsTheFlushBeforeItWritesAnything) {
  const auto first = agent_.accept({failed(1)});
  const auto second = agent_.accept({failed(2).log_id("second")});
  report_of(agent_.flush(first));
  remove(settings_, kAgents);
  EXPECT_EQ(error_of(agent_.flush(second)).reaction, Reaction::kReconnect);
  EXPECT_FALSE(agent_.store().is_connected());
  EXPECT_TRUE(testing::read_records(settings_, testing::keys_of(second)).empty());
  agent_.restart();
  report_of(agent_.flush(second));
}

TEST_F(MongodbForgetting, APositionThatWentBackStopsTheFlushBeforeItWritesAnything) {
  report_of(agent_.flush(agent_.accept({failed(1)})));
  const auto second = agent_.accept({failed(2).log_id("second")});
  report_of(agent_.flush(second));
  set_position(1);
  EXPECT_EQ(error_of(agent_.flush(agent_.accept({failed(3).log_id("third")}))).reaction, Reaction::kReconnect);
  agent_.restart();
  EXPECT_EQ(report_of(agent_.flush(second)).duplicates, 1U);
}

TEST_F(MongodbForgetting, RecordsThatWentWithoutTheirAccountsAreCountedOnce) {
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(3).log_id("b"), success(2).log_id("c")});
  report_of(agent_.flush(versions));
  remove(settings_, kRecords);
  agent_.restart();
  report_of(agent_.flush(versions));
  expect_fold(settings_, versions);
}

TEST_F(MongodbForgetting, AnAccountThatRanAheadOfARestoredPositionCountsEveryFailureOnce) {
  const auto versions = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c"),
                                       failed(4).log_id("d"), failed(5).log_id("e")});
  report_of(agent_.flush(versions));
  for (const int lost : {2, 3}) {
    remove(settings_, kRecords,
           versions[static_cast<std::size_t>(lost)].event.tenant_id + "/" +
               versions[static_cast<std::size_t>(lost)].event.log_id);
  }
  set_position(2);
  agent_.restart();
  // "c" comes back below the mark; "e" was never gone and lies above the mark that went back.
  report_of(agent_.flush({&versions[2], 1}));
  report_of(agent_.flush({&versions[3], 2}));
  expect_fold(settings_, versions);
}

TEST_F(MongodbForgetting, LeavesGivenOutAgainByASpoolThatWasSetBackCountBesideThoseOfTheFirstLife) {
  const auto first_life = agent_.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c")});
  report_of(agent_.flush(first_life));
  std::vector<Version> second_life = agent_.accept({failed(4).log_id("d"), failed(5).log_id("e")});
  second_life[0].leaf_index = 2;
  second_life[1].leaf_index = 3;
  agent_.restart();
  report_of(agent_.flush({second_life.data(), 1}));
  report_of(agent_.flush({&second_life[1], 1}));
  std::vector<Version> all = first_life;
  all.insert(all.end(), second_life.begin(), second_life.end());
  expect_fold(settings_, all);
}

}  // namespace
}  // namespace twinlog::mongodb
