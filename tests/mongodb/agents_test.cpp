// Several agents on the same hot accounts, each dying now and then, against the server whose guarded updates are
// atomic.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/lockout/histories.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"
#include "tests/support/long.h"

namespace twinlog {
namespace {

using testing::Choices;
using testing::Cut;
using testing::CuttingProxy;
using testing::TestAgent;

constexpr std::size_t kAgents = 8;

/// What one agent accepts: a part of the history, in an order of its own, overlapping with the others.
std::vector<Version> share_of(const testing::History& history, Choices& choices) {
  std::vector<Version> share;
  for (const Version& version : history.versions) {
    if (choices.percent(30)) {
      share.push_back(version);
    }
  }
  std::shuffle(share.begin(), share.end(), choices.generator());
  return share;
}

/// Flushes everything in random batches through a connection that breaks now and then, until all of it is through.
void deliver(TestAgent& agent, CuttingProxy& proxy, std::span<const Version> versions, std::uint64_t seed) {
  Choices choices(seed);
  std::size_t cursor = 0;
  while (cursor < versions.size()) {
    const std::size_t size = 1 + choices.below(std::min<std::size_t>(versions.size() - cursor, 10));
    if (choices.percent(25)) {
      proxy.cut_at(static_cast<unsigned>(1 + choices.below(8)),
                   choices.percent(50) ? Cut::kReplyLost : Cut::kBeforeServer);
    }
    if (agent.flush(versions.subspan(cursor, size))) {
      cursor += size;
      continue;
    }
    proxy.cut_never();
    if (!agent.store().is_connected()) {
      agent.restart();
      cursor -= choices.below(cursor + 1);
    }
  }
  proxy.cut_never();
}

TEST(MongodbAgents, OnTheSameAccountsEndInTheFoldHoweverTheyDie) {
  const std::uint64_t seed = std::random_device{}();
  Choices choices(seed);
  const int runs = testing::long_or(140, 4);
  for (int run = 0; run < runs; ++run) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", run " + std::to_string(run));
    const std::string database = testing::fresh_database();
    const testing::History history = testing::random_history(choices, 120);
    std::vector<std::unique_ptr<CuttingProxy>> proxies;
    std::vector<std::unique_ptr<TestAgent>> agents;
    std::vector<std::vector<Version>> shares;
    std::vector<Version> all;
    for (std::size_t i = 0; i < kAgents; ++i) {
      proxies.push_back(std::make_unique<CuttingProxy>(testing::java_server_port()));
      agents.push_back(std::make_unique<TestAgent>(testing::settings_for(proxies[i]->port(), database),
                                                   static_cast<std::uint8_t>(i + 1)));
      shares.push_back(agents[i]->accept(share_of(history, choices)));
      all.insert(all.end(), shares[i].begin(), shares[i].end());
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kAgents; ++i) {
      threads.emplace_back(
          [&, i, thread_seed = choices.generator()()] { deliver(*agents[i], *proxies[i], shares[i], thread_seed); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    testing::expect_fold(testing::settings_for(testing::java_server_port(), database), all);
  }
}

}  // namespace
}  // namespace twinlog
