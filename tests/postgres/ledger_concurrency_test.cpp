// Many agents that take the same events at once: whoever is first, every acceptance has its leaf, and has it once.
#include <map>
#include <random>
#include <thread>

#include "ledger/leaf/event_leaf.h"
#include "tests/postgres/ledger_rig.h"

namespace twinlog {
namespace {

using testing::Database;
using testing::event_of;
using testing::LedgerAgent;
using testing::whole_store;

constexpr std::uint64_t kSeed = 20260105;
constexpr std::size_t kAgents = 4;
constexpr std::size_t kBatches = 25;

/// A content out of few, so that most were taken before.
AuthEvent one_of_few(std::mt19937_64& random) {
  AuthEvent made = event_of("u" + std::to_string(random() % 3), "login_failed", "e" + std::to_string(random() % 20));
  made.tenant_id = random() % 4 == 0 ? "beta" : "acme";
  if (random() % 3 == 0) {
    made.service = "other";
  }
  return made;
}

/// Accepts and flushes; some batches come again, whole or in part.
void work(const Database& database, std::uint8_t number, std::vector<Version>& accepted) {
  std::mt19937_64 random(kSeed + number);
  LedgerAgent agent(database, number);
  for (std::size_t i = 0; i < kBatches; ++i) {
    std::vector<Version> versions;
    for (std::size_t left = 1 + random() % 12; left > 0; --left) {
      versions.push_back(agent.accept(one_of_few(random)));
    }
    agent.flush(versions);
    if (random() % 3 == 0) {
      agent.flush({versions.begin() + static_cast<std::ptrdiff_t>(random() % versions.size()), versions.end()});
    }
    accepted.insert(accepted.end(), versions.begin(), versions.end());
  }
}

TEST(PostgresLedgerConcurrency, EveryAcceptanceHasItsLeafOnce) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const Database database;
  database.migrate();
  std::vector<std::vector<Version>> accepted(kAgents);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kAgents; ++i) {
      threads.emplace_back([&, i] { work(database, static_cast<std::uint8_t>(i + 1), accepted[i]); });
    }
  }
  std::map<LeafPlace, std::string> leaves;
  std::size_t total = 0;
  const auto whole = whole_store(database);
  for (const LedgerRow& row : whole.rows) {
    leaves[{row.version.epoch_id, row.version.leaf_index}] = event_leaf(row.version);
    ++total;
  }
  for (const LedgerLeafRow& row : whole.leaves) {
    leaves[{row.epoch_id, row.leaf_index}] = row.leaf;
    ++total;
  }
  EXPECT_EQ(leaves.size(), total);  // None lies in two places.
  EXPECT_GT(whole.leaves.size(), whole.rows.size());
  std::size_t expected = 0;
  for (const auto& of_agent : accepted) {
    expected += of_agent.size();
    for (const Version& version : of_agent) {
      EXPECT_EQ((leaves[{version.epoch_id, version.leaf_index}]), event_leaf(version));
    }
  }
  EXPECT_EQ(total, expected);
}

}  // namespace
}  // namespace twinlog
