// Many agents on one account, against the server whose guarded updates are atomic: they give way to each other, all
// come through, and nobody takes a lost race for anything else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "plugins/mongodb/accounts.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_answers.h"
#include "tests/mongodb/scripted_peer.h"
#include "tests/support/long.h"

namespace twinlog::mongodb {
namespace {

using testing::failed;
using testing::long_or;
using testing::report_of;
using testing::TestAgent;

/// What one agent's flushes came to.
struct Toll {
  std::uint64_t flushes = 0;
  std::uint64_t failed = 0;
  std::uint64_t recounts = 0;
  std::uint64_t most_trips = 0;
};

/// Flushes all in batches, each until the store takes it.
Toll deliver(TestAgent& agent, std::span<const Version> versions, std::size_t batch) {
  Toll toll;
  while (!versions.empty() && toll.failed < 100) {
    const auto result = agent.flush(versions.first(std::min(batch, versions.size())));
    if (!result) {
      ++toll.failed;
      continue;
    }
    ++toll.flushes;
    toll.recounts += result->recounts;
    toll.most_trips = std::max(toll.most_trips, result->round_trips);
    versions = versions.subspan(std::min(batch, versions.size()));
  }
  return toll;
}

TEST(MongodbContention, ManyAgentsOnOneAccountAllComeThroughAndNoneResendsOrRecounts) {
  const auto agents_count = long_or<std::size_t>(64, 8);
  const auto each = long_or<std::size_t>(1'000, 200);
  constexpr std::size_t kBatches = 10;
  const StoreSettings settings = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  std::vector<std::unique_ptr<Wakeup>> pauses;
  std::vector<std::unique_ptr<TestAgent>> agents;
  std::vector<std::vector<Version>> shares;
  std::vector<Version> all;
  for (std::size_t i = 0; i < agents_count; ++i) {
    pauses.push_back(std::make_unique<Wakeup>());
    agents.push_back(std::make_unique<TestAgent>(settings, static_cast<std::uint16_t>(i + 1), *pauses.back()));
    std::vector<Version> share;
    for (std::size_t k = 0; k < each; ++k) {
      share.push_back(failed(static_cast<UtcMicros>(1 + i * each + k)).user(k % 4 == 0 ? "other" : "u"));
    }
    shares.push_back(agents.back()->accept(std::move(share)));
    all.insert(all.end(), shares.back().begin(), shares.back().end());
  }
  std::vector<Toll> tolls(agents_count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < agents_count; ++i) {
    threads.emplace_back([&, i] { tolls[i] = deliver(*agents[i], shares[i], each / kBatches); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::uint64_t most_trips = 0;
  for (const Toll& toll : tolls) {
    EXPECT_EQ(toll.flushes, kBatches);
    EXPECT_EQ(toll.failed, 0U);
    EXPECT_EQ(toll.recounts, 0U);
    most_trips = std::max(most_trips, toll.most_trips);
  }
  // Begin, records, position; each round reads and inserts or replaces.
  EXPECT_LE(most_trips, 4U + 3U * kAccountRoundsMost);
  std::cout << agents_count << " agents, at most " << most_trips << " commands a flush\n";
  testing::expect_fold(settings, all);
}

TEST(MongodbContention, PausesBetweenRoundsGrowToAMostAndAreDrawnAnew) {
  testing::ScriptedPeer peer;
  peer.answer_current_schema(1);
  for (unsigned round = 0; round < kAccountRoundsMost; ++round) {
    peer.answer("find account_lockouts", testing::account_of_another_agent());
    peer.answer("update account_lockouts", R"({"ok":1,"n":0,"nModified":0})");
  }
  TestAgent agent(testing::settings_for(peer.port(), "db"), 1);
  testing::error_of(agent.flush(agent.accept({failed(2)})));
  const auto& pauses = agent.pauses().all();
  ASSERT_EQ(pauses.size(), kAccountRoundsMost - 1);
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    EXPECT_LE(pauses[i], std::min(kMostPause, kFirstPause * (1 << std::min<std::size_t>(i, 10))));
  }
  EXPECT_GT(std::ranges::max(pauses), kMostPause / 2);
  EXPECT_LT(std::ranges::min(std::span(pauses).subspan(10)), kMostPause / 2);
}

TEST(MongodbContention, AFlushLosesFarMoreOftenThanChanceHasItBeforeItIsSentAgain) {
  testing::ScriptedPeer peer;
  peer.answer_current_schema(1);
  for (unsigned round = 0; round < kAccountRoundsMost; ++round) {
    peer.answer("find account_lockouts", testing::account_of_another_agent());
    peer.answer("update account_lockouts",
                round + 1 < kAccountRoundsMost ? R"({"ok":1,"n":0,"nModified":0})" : R"({"ok":1,"n":1,"nModified":1})");
  }
  TestAgent agent(testing::settings_for(peer.port(), "db"), 1);
  EXPECT_EQ(report_of(agent.flush(agent.accept({failed(2)}))).accounts, 1U);
  EXPECT_EQ(peer.count("insert auth_logs"), 1U);
}

}  // namespace
}  // namespace twinlog::mongodb
