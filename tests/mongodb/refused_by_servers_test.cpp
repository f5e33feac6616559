// What the real servers at hand refuse themselves: FerretDB arrays in arrays, both what a unique index of an
// administrator has already.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/mongodb/names.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/refused.h"

namespace twinlog::mongodb {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::expect_fold;
using testing::failed;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::locked;
using testing::position_of;
using testing::read_conflicts;
using testing::refused_at;
using testing::report_of;
using testing::TestAgent;
using testing::without;

Version with_metadata(Version version, const std::string& json) {
  version.event.metadata = json;
  return version;
}

Version with_request(Version version, const std::string& request_id) {
  version.event.request_id = request_id;
  return version;
}

/// What both real servers refuse.
class MongodbForeignIndex : public ::testing::TestWithParam<bool> {
 protected:
  StoreSettings settings_ = testing::settings_for(GetParam() ? testing::ferretdb_port() : testing::java_server_port(),
                                                  testing::fresh_database());
  TestAgent agent_{settings_, 1};
};

TEST_P(MongodbForeignIndex, OnRecordsRefusesTheEventsThatItHasAlreadyByItsName) {
  testing::create_unique_index(settings_, kRecords, "request_id");
  const auto versions =
      agent_.accept({with_request(failed(1).log_id("a"), "r1"), with_request(failed(2).log_id("b"), "r2"),
                     with_request(failed(3).log_id("c"), "r1"), with_request(failed(4).log_id("d"), "r4")});
  const FlushReport report = report_of(agent_.flush(versions));
  ASSERT_THAT(report.refused, ElementsAre(refused_at(3, StoreStage::kRecords, "11000")));
  EXPECT_EQ(report.refused[0].error.constraint, "request_id");
  EXPECT_EQ(report.inserted, 3U);
  expect_fold(settings_, without(versions, {3}));
  const FlushReport again = report_of(agent_.flush(versions));
  EXPECT_THAT(again.refused, ElementsAre(refused_at(3, StoreStage::kRecords, "11000")));
  EXPECT_EQ(again.duplicates, 3U);
  expect_fold(settings_, without(versions, {3}));
}

TEST_P(MongodbForeignIndex, OnRecordsLeavesTheKeyToTheNextContentAndWhatItRefusedIsAConflict) {
  testing::create_unique_index(settings_, kRecords, "request_id");
  const auto versions =
      agent_.accept({with_request(failed(1).log_id("a"), "r"), with_request(failed(2).log_id("b").hash(1), "r"),
                     with_request(failed(3).log_id("b").hash(2), "s")});
  for (const std::uint64_t inserted : {2U, 0U}) {
    const FlushReport report = report_of(agent_.flush(versions));
    EXPECT_THAT(report.refused, IsEmpty());
    EXPECT_EQ(report.inserted, inserted);
    const auto conflicts = read_conflicts(settings_, testing::keys_of(versions));
    ASSERT_EQ(conflicts.size(), 1U);
    EXPECT_EQ(conflicts[0].version, versions[1]);
    expect_fold(settings_, versions);
  }
}

TEST_P(MongodbForeignIndex, OnAccountsOrPositionsHoldsByItsName) {
  testing::create_unique_index(settings_, kAccounts, "lock_kind");
  const auto versions = agent_.accept({failed(1).log_id("a").user("u"), failed(2).log_id("b").user("v")});
  const StoreError error = error_of(agent_.flush(versions));
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_EQ(error.where, StoreStage::kAccounts);
  EXPECT_EQ(error.constraint, "lock_kind");
  EXPECT_THAT(error.words, HasSubstr("account_lockouts: "));
  testing::drop_index(settings_, kAccounts, "lock_kind");
  agent_.restart();
  report_of(agent_.flush(versions));
  expect_fold(settings_, versions);

  testing::create_unique_index(settings_, kAgents, "agent");
  TestAgent other(settings_, 2);
  const StoreError of_other = error_of(other.flush(other.accept({failed(3)})));
  EXPECT_EQ(of_other.reaction, Reaction::kHold);
  EXPECT_EQ(of_other.where, StoreStage::kPosition);
  EXPECT_EQ(of_other.constraint, "agent");
  EXPECT_THAT(of_other.words, HasSubstr("twinlog_agents: "));
}

INSTANTIATE_TEST_SUITE_P(Servers, MongodbForeignIndex, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "FerretDb" : "MongoJavaServer"; });

class FerretDbRefused : public ::testing::Test {
 protected:
  StoreSettings settings_ = testing::settings_for(testing::ferretdb_port(), testing::fresh_database());
  TestAgent agent_{settings_, 1};
};

TEST_F(FerretDbRefused, ArraysInArraysAreNamedAndAllTheRestIsInTheStore) {
  const auto versions =
      agent_.accept({failed(1).log_id("a"), with_metadata(locked(2).log_id("b"), R"({"list":[[1],[2]]})"),
                     failed(3).log_id("c"), with_metadata(failed(4).log_id("d"), R"({"list":[1,2]})"),
                     with_metadata(failed(5).log_id("e"), R"({"l":[[]]})")});
  const FlushReport report = report_of(agent_.flush(versions));
  EXPECT_THAT(report.refused,
              ElementsAre(refused_at(2, StoreStage::kRecords, "2"), refused_at(5, StoreStage::kRecords, "2")));
  EXPECT_EQ(report.inserted, 3U);
  expect_fold(settings_, without(versions, {2, 5}));
  EXPECT_EQ(position_of(agent_), 5U);
}

TEST_F(FerretDbRefused, ContentLeavesTheKeyToTheNextOneAndIsRefusedAsAConflictThen) {
  const auto versions =
      agent_.accept({with_metadata(failed(1).log_id("a").hash(1), R"({"l":[[]]})"), failed(2).log_id("a").hash(2)});
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(report_of(agent_.flush(versions)).refused, ElementsAre(refused_at(1, StoreStage::kConflicts, "2")));
    expect_fold(settings_, without(versions, {1}));
  }
}

}  // namespace
}  // namespace twinlog::mongodb
