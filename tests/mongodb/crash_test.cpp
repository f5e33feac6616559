// An agent that dies at every command of a flush, once before the server sees it and once when only the reply is lost,
// against a real server through a proxy.
#include <gtest/gtest.h>

#include "tests/lockout/histories.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"

namespace twinlog {
namespace {

using testing::Choices;
using testing::Cut;
using testing::CuttingProxy;
using testing::report_of;
using testing::TestAgent;

constexpr unsigned kCommandsMost = 30;  // Far more than one flush sends.

class MongodbCrash : public ::testing::TestWithParam<Cut> {
 protected:
  CuttingProxy proxy_{testing::java_server_port()};
};

/// A batch that takes every step: repeats, conflicts, two accounts, a late success that needs a recount.
std::vector<Version> batch_with_everything() {
  using testing::failed;
  using testing::success;
  return {failed(20).log_id("x").hash(1),   failed(30),          failed(40).log_id("x").hash(2),
          failed(30).user("v").log_id("y"), success(25).hash(9), failed(20).log_id("x").hash(1)};
}

TEST_P(MongodbCrash, AtAnyCommandOfAFlushEndsInTheSameState) {
  unsigned cuts = 0;
  for (unsigned number = 1; number <= kCommandsMost; ++number) {
    SCOPED_TRACE("cut at command " + std::to_string(number));
    const std::string database = testing::fresh_database();
    const StoreSettings direct = testing::settings_for(testing::java_server_port(), database);
    TestAgent agent(testing::settings_for(proxy_.port(), database), 1);
    const auto versions = agent.accept(batch_with_everything());
    report_of(agent.flush({versions.data(), 2}));
    proxy_.cut_at(number, GetParam());
    const auto result = agent.flush(versions);
    if (!proxy_.has_cut()) {
      report_of(result);
      break;
    }
    ++cuts;
    EXPECT_EQ(testing::error_of(result).reaction, Reaction::kReconnect);
    EXPECT_FALSE(agent.store().is_connected());
    agent.restart();
    report_of(agent.flush(versions));
    testing::expect_fold(direct, versions);
    const auto keys = testing::keys_of(versions);
    EXPECT_EQ(testing::read_records(direct, keys).size() + testing::read_conflicts(direct, keys).size(), 5U);
  }
  EXPECT_GE(cuts, 10U);
  EXPECT_LT(cuts, kCommandsMost);
}

TEST_P(MongodbCrash, AnywhereInRandomHistoriesEndsInTheFold) {
  const std::uint64_t seed = 20'261'124;
  Choices choices(seed);
  unsigned cuts = 0;
  for (int run = 0; run < 8; ++run) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", run " + std::to_string(run));
    const std::string database = testing::fresh_database();
    const StoreSettings direct = testing::settings_for(testing::java_server_port(), database);
    TestAgent agent(testing::settings_for(proxy_.port(), database), 1);
    const testing::History history = testing::random_history(choices, 24);
    std::vector<Version> arriving;
    for (const std::size_t index : history.arrivals) {
      arriving.push_back(history.versions[index]);
    }
    const std::vector<Version> versions = agent.accept(std::move(arriving));
    std::size_t cursor = 0;
    while (cursor < versions.size()) {
      const std::size_t size = 1 + choices.below(std::min<std::size_t>(versions.size() - cursor, 8));
      if (choices.percent(60)) {
        proxy_.cut_at(static_cast<unsigned>(1 + choices.below(10)), GetParam());
      }
      if (agent.flush({&versions[cursor], size})) {
        cursor += size;
        continue;
      }
      ++cuts;
      proxy_.cut_never();
      agent.restart();
      cursor -= choices.below(cursor + 1);
    }
    proxy_.cut_never();
    testing::expect_fold(direct, versions);
  }
  EXPECT_GE(cuts, 10U);
}

INSTANTIATE_TEST_SUITE_P(BothSides, MongodbCrash, ::testing::Values(Cut::kBeforeServer, Cut::kReplyLost));

}  // namespace
}  // namespace twinlog
