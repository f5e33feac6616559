#include <algorithm>
#include <random>
#include <thread>

#include "tests/lockout/histories.h"
#include "tests/postgres/fold_check.h"
#include "tests/postgres/rig.h"
#include "tests/support/long.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::expect_fold;
using testing::TestAgent;

constexpr std::uint64_t kSeed = 99;
constexpr std::size_t kAgents = 8;
constexpr int kRounds = 3;
constexpr std::size_t kBatch = 12;
constexpr std::size_t kFewestVersions = 200;
constexpr std::size_t kMostVersions = 400;
constexpr int kMostTries = 50;
constexpr std::size_t kManyAgents = 64;
constexpr std::size_t kSmallBatch = 4;

struct Totals {
  std::uint64_t counted = 0;  ///< Versions that some flush of this agent put into the store.
  std::uint64_t recounts = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed_for_good = 0;  ///< Batches that it gave up.
  std::vector<StoreError> errors;
};

/// Delivers all versions in an order of its own, in batches, every batch until the store takes it.
Totals deliver_all(TestAgent& agent, std::vector<Version> versions, std::uint64_t seed, std::size_t batch_size) {
  std::mt19937_64 random(seed);
  std::shuffle(versions.begin(), versions.end(), random);
  Totals totals;
  for (std::size_t begin = 0; begin < versions.size(); begin += batch_size) {
    const auto first = versions.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<Version> batch(
        first, first + static_cast<std::ptrdiff_t>(std::min(batch_size, versions.size() - begin)));
    bool is_taken = false;
    for (int tries = 0; tries < kMostTries && !is_taken; ++tries) {
      auto result = agent.try_flush(batch);
      is_taken = result.ok();
      if (is_taken) {
        totals.counted += result->inserted + result->conflicts;
        totals.recounts += result->recounts;
        totals.refused += result->refused.size();
      } else {
        totals.errors.push_back(result.error());
      }
    }
    totals.failed_for_good += is_taken ? 0 : 1;
  }
  return totals;
}

/// All of them took everything; one that waited for a lock longer than a flush may (a slow machine) tried again, and
/// nothing else went wrong. Every version was counted by one of them.
void expect_no_harm(const std::vector<Totals>& totals, std::size_t versions) {
  std::uint64_t counted = 0;
  for (const Totals& each : totals) {
    counted += each.counted;
    EXPECT_EQ(each.failed_for_good, 0U);
    for (const StoreError& error : each.errors) {
      EXPECT_EQ(error.code, "55P03") << error.words;
    }
  }
  EXPECT_EQ(counted, versions);
}

class PostgresConcurrency : public ::testing::TestWithParam<int> {};

/// A history with hot accounts, and every agent delivers all of it.
std::vector<Totals> deliver_by_eight(const Database& database, const std::vector<Version>& versions,
                                     std::uint64_t seed) {
  std::vector<TestAgent> agents;
  for (std::size_t i = 0; i < kAgents; ++i) {
    agents.emplace_back(database);
  }
  std::vector<Totals> totals(kAgents);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < kAgents; ++i) {
    threads.emplace_back([&, i] { totals[i] = deliver_all(agents[i], versions, seed + i, kBatch); });
  }
  threads.clear();
  return totals;
}

std::vector<Version> long_history(std::uint64_t seed) {
  testing::Choices choices(seed);
  testing::History history = testing::random_history(choices, kMostVersions);
  while (history.versions.size() < kFewestVersions) {
    history = testing::random_history(choices, kMostVersions);
  }
  for (std::size_t i = 0; i < history.versions.size(); ++i) {
    history.versions[i].leaf_index = i + 1;
  }
  return history.versions;
}

TEST_P(PostgresConcurrency, EightAgentsWithTheSameHotAccountsEndInTheFoldAndAtMostWaitForEachOther) {
  const std::uint64_t seed = kSeed + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto versions = long_history(seed);
  const Database database;
  database.migrate();
  expect_no_harm(deliver_by_eight(database, versions, seed), versions.size());
  expect_fold(database, versions);
}

TEST_P(PostgresConcurrency, EightAgentsThatAllSearchForTheSameRefusedVersionsAtMostWaitForEachOther) {
  const std::uint64_t seed = kSeed + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto versions = long_history(seed);
  const Database database;
  database.migrate();
  for (const std::string table : {"auth_logs", "auth_log_conflicts"}) {
    testing::execute(*database.session(), {"ALTER TABLE " + table + " ADD CHECK (get_byte(content_hash, 0) % 8 <> 0)"});
  }
  std::vector<Version> taken;
  std::ranges::copy_if(versions, std::back_inserter(taken),
                       [](const Version& version) { return static_cast<unsigned>(version.content_hash[0]) % 8 != 0; });
  const auto totals = deliver_by_eight(database, versions, seed);
  expect_no_harm(totals, taken.size());
  for (const Totals& each : totals) {
    EXPECT_EQ(each.refused, versions.size() - taken.size());
  }
  expect_fold(database, taken);
}

INSTANTIATE_TEST_SUITE_P(Rounds, PostgresConcurrency, ::testing::Range(0, kRounds));

// Failures, and now and then a success or a lock, that reach the store in an order far from that of their times: most
// flushes wait for the account's row, many have its failures counted anew.
TEST(PostgresCrowd, SixtyFourAgentsOnOneAccountAllComeThroughAndItsStateIsTheFold) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const auto each = testing::long_or<std::size_t>(400, 24);
  const Database database;
  database.migrate();
  std::vector<TestAgent> agents;
  std::vector<std::vector<Version>> shares(kManyAgents);
  std::vector<Version> all;
  for (std::size_t i = 0; i < kManyAgents; ++i) {
    agents.emplace_back(database);
    for (std::size_t k = 0; k < each; ++k) {
      const std::size_t number = k * kManyAgents + i;
      const char* type = number % 97 == 0 ? "login_success" : number % 89 == 0 ? "account_locked" : "login_failed";
      shares[i].push_back(agents[i].accept(
          testing::event_of("hot", type, "e" + std::to_string(number), static_cast<std::int64_t>(number))));
    }
    all.insert(all.end(), shares[i].begin(), shares[i].end());
  }
  std::vector<Totals> totals(kManyAgents);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kManyAgents; ++i) {
      threads.emplace_back([&, i] { totals[i] = deliver_all(agents[i], shares[i], kSeed + i, kSmallBatch); });
    }
  }
  expect_no_harm(totals, all.size());
  EXPECT_TRUE(std::ranges::any_of(totals, [](const Totals& one) { return one.recounts > 0; }));
  expect_fold(database, all);
  EXPECT_EQ(testing::select(*database.session(), "SELECT count(*), count(DISTINCT log_id) FROM auth_logs"),
            std::vector{"(" + std::to_string(all.size()) + "," + std::to_string(all.size()) + ")"});
  EXPECT_EQ(testing::select(*database.session(), "SELECT count(*) FROM twinlog_agents"),
            std::vector<std::string>{"(64)"});
}

}  // namespace
}  // namespace twinlog
