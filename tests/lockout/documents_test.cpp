// The merge and the marks against the plain fold, as the document store is written: 1,000 random histories shared out
// among two to four agents whose steps interleave, which die between any two of them and start again, cut differently
// or rewound.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/lockout/document_model.h"
#include "tests/lockout/show_account.h"

namespace twinlog {
namespace {

using namespace testing;

constexpr std::uint64_t kFirstSeed = 20'260'202;
constexpr std::uint64_t kHistories = 1'000;
constexpr std::size_t kMostVersions = 50;
constexpr std::size_t kMostAgents = 4;
constexpr std::size_t kMostDeaths = 6;
constexpr std::uint64_t kLeastOfEach = 100;

/// Who took what: every arrival goes to one agent, so repeats often meet another one.
std::vector<ModelAgent> share_out(const History& history, DocumentModel& store, Choices& choices, Fault fault) {
  std::vector<std::vector<Version>> spools(2 + choices.below(kMostAgents - 1));
  for (const std::size_t arrival : history.arrivals) {
    const std::size_t agent = choices.below(spools.size());
    Version version = history.versions[arrival];
    version.epoch_id[0] = static_cast<std::uint8_t>(agent + 1);
    version.leaf_index = spools[agent].size() + 1;
    spools[agent].push_back(std::move(version));
  }
  std::vector<ModelAgent> agents;
  agents.reserve(spools.size());
  for (std::vector<Version>& spool : spools) {
    agents.emplace_back(std::move(spool), store, choices, fault);
  }
  return agents;
}

/// Runs one history to its end; whether the accounts are those of the plain fold.
::testing::AssertionResult ends_as_the_plain_fold(std::uint64_t seed, Fault fault, Incidents& incidents) {
  Choices choices(seed);
  const History history = random_history(choices, kMostVersions);
  DocumentModel store;
  std::vector<ModelAgent> agents = share_out(history, store, choices, fault);
  const auto is_done = [](const ModelAgent& agent) { return agent.is_done(); };
  std::size_t deaths = 0;
  while (!std::all_of(agents.begin(), agents.end(), is_done)) {
    // The last agent is slow: what it wrote stands there for long before its accounts follow.
    ModelAgent& agent = agents[choices.below(choices.percent(80) ? agents.size() - 1 : agents.size())];
    if (deaths < kMostDeaths && choices.percent(3)) {
      ++deaths;
      agent.die(incidents);
    } else if (!agent.is_done()) {
      agent.step(incidents);
    }
  }
  std::vector<const Version*> all;
  for (const Version& version : history.versions) {
    all.push_back(&version);
  }
  Coverage uncounted;
  if (store.accounts() == plain_fold_all(all, uncounted)) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "seed " << seed << ": store " << ::testing::PrintToString(store.accounts())
                                       << " fold " << ::testing::PrintToString(plain_fold_all(all, uncounted));
}

/// Whether one of the histories ends in another state.
bool is_noticed(Fault fault) {
  Incidents incidents;
  for (std::uint64_t i = 0; i < kHistories; ++i) {
    if (!ends_as_the_plain_fold(kFirstSeed + i, fault, incidents)) {
      return true;
    }
  }
  return false;
}

TEST(LockoutDocuments, SeveralAgentsThatDieAnywhereEndWhereThePlainFoldEnds) {
  Incidents incidents;
  for (std::uint64_t i = 0; i < kHistories; ++i) {
    ASSERT_TRUE(ends_as_the_plain_fold(kFirstSeed + i, Fault::kNone, incidents));
  }
  std::cout << kHistories << " histories from seed " << kFirstSeed << ": " << incidents.deaths << " deaths, "
            << incidents.rewinds << " rewinds, " << incidents.lost_races << " lost races, " << incidents.recounts
            << " recounts, " << incidents.temptations << " of them beside failures not applied yet\n";
  EXPECT_GE(incidents.deaths, kLeastOfEach);
  EXPECT_GE(incidents.rewinds, kLeastOfEach);
  EXPECT_GE(incidents.lost_races, kLeastOfEach);
  EXPECT_GE(incidents.recounts, kLeastOfEach);
  EXPECT_GE(incidents.temptations, kLeastOfEach);
}

TEST(LockoutDocuments, ARecountOfAllThatIsVisibleWouldBeNoticed) {
  EXPECT_TRUE(is_noticed(Fault::kRecountTakesWhatIsVisible));
}

TEST(LockoutDocuments, CountingOnlyWhatThisTryInsertedWouldBeNoticed) {
  EXPECT_TRUE(is_noticed(Fault::kCountsWhatItInserted));
}

TEST(LockoutDocuments, MergingWithoutMarksWouldBeNoticed) {
  EXPECT_TRUE(is_noticed(Fault::kIgnoresMarks));
}

}  // namespace
}  // namespace twinlog
