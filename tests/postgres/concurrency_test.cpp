#include <algorithm>
#include <random>
#include <thread>

#include "tests/lockout/histories.h"
#include "tests/lockout/plain_fold.h"
#include "tests/lockout/show_account.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::TestAgent;

constexpr std::uint64_t kSeed = 99;
constexpr std::size_t kAgents = 8;
constexpr int kRounds = 3;
constexpr std::size_t kBatch = 12;
constexpr std::size_t kFewestVersions = 200;
constexpr std::size_t kMostVersions = 400;
constexpr int kMostTries = 50;

struct Totals {
  std::uint64_t counted = 0;  ///< Versions that some flush of this agent put into the store.
  std::vector<StoreError> errors;
};

/// Delivers all versions in an order of its own, in batches, every batch until the store takes it.
Totals deliver_all(TestAgent& agent, std::vector<Version> versions, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::shuffle(versions.begin(), versions.end(), random);
  Totals totals;
  for (std::size_t begin = 0; begin < versions.size(); begin += kBatch) {
    const auto first = versions.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<Version> batch(first,
                                     first + static_cast<std::ptrdiff_t>(std::min(kBatch, versions.size() - begin)));
    for (int tries = 0; tries < kMostTries; ++tries) {
      auto result = agent.try_flush(batch);
      if (result.ok()) {
        totals.counted += result->inserted + result->conflicts;
        break;
      }
      totals.errors.push_back(result.error());
    }
  }
  return totals;
}

class PostgresConcurrency : public ::testing::TestWithParam<int> {};

// One that waited for a lock longer than a flush may (a slow machine) tries again; nothing else may go wrong.
TEST_P(PostgresConcurrency, EightAgentsWithTheSameHotAccountsEndInTheFoldAndAtMostWaitForEachOther) {
  const std::uint64_t seed = kSeed + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("seed " + std::to_string(seed));
  testing::Choices choices(seed);
  testing::History history = testing::random_history(choices, kMostVersions);
  while (history.versions.size() < kFewestVersions) {
    history = testing::random_history(choices, kMostVersions);
  }
  const Database database;
  database.migrate();
  std::vector<TestAgent> agents;
  for (std::size_t i = 0; i < kAgents; ++i) {
    agents.emplace_back(database);
  }
  std::vector<Totals> totals(kAgents);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kAgents; ++i) {
      threads.emplace_back([&, i] { totals[i] = deliver_all(agents[i], history.versions, seed + i); });
    }
  }
  std::uint64_t counted = 0;
  for (const Totals& each : totals) {
    counted += each.counted;
    for (const StoreError& error : each.errors) {
      EXPECT_EQ(error.code, "55P03") << error.words;
    }
  }
  EXPECT_EQ(counted, history.versions.size());
  std::vector<const Version*> all;
  std::transform(history.versions.begin(), history.versions.end(), std::back_inserter(all),
                 [](const Version& version) { return &version; });
  testing::Coverage coverage{};
  for (const auto& [key, wanted] : testing::plain_fold_all(all, coverage)) {
    EXPECT_EQ(testing::account(database, {key.first, key.second}), wanted) << key.second;
  }
}

INSTANTIATE_TEST_SUITE_P(Rounds, PostgresConcurrency, ::testing::Range(0, kRounds));

}  // namespace
}  // namespace twinlog
