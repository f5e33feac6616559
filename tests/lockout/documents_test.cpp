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

/// Any other epoch's unfinished work, of a dead agent or a slow one.
void let_adopt(ModelAgent& agent, DocumentModel& store, Choices& choices, Incidents& incidents) {
  const std::vector<Uuid> unfinished = store.unfinished();
  if (unfinished.empty()) {
    return;
  }
  const Uuid& epoch_id = unfinished[choices.below(unfinished.size())];
  if (agent.can_adopt(epoch_id)) {
    agent.adopt(epoch_id, incidents);
  }
}

/// What is left when all have ended.
void adopt_the_rest(DocumentModel& store, Choices& choices, Fault fault, Incidents& incidents) {
  ModelAgent heir({}, store, choices, fault);
  for (int time = 0; time < 2; ++time) {
    for (const Uuid& epoch_id : store.unfinished()) {
      heir.adopt(epoch_id, incidents);
      while (!heir.is_done()) {
        heir.step(incidents);
      }
    }
  }
}

/// Runs one history to its end; whether the accounts are those of the plain fold over what is in the store.
::testing::AssertionResult ends_as_the_plain_fold(std::uint64_t seed, Fault fault, Incidents& incidents) {
  Choices choices(seed);
  const History history = random_history(choices, kMostVersions);
  DocumentModel store;
  std::vector<ModelAgent> agents = share_out(history, store, choices, fault);
  const auto is_done = [](const ModelAgent& agent) { return agent.is_done(); };
  std::size_t deaths = 0;
  bool may_lose_one = choices.percent(50);
  while (!std::all_of(agents.begin(), agents.end(), is_done)) {
    // The last agent is slow: what it wrote stands there for long before its accounts follow.
    ModelAgent& agent = agents[choices.below(choices.percent(80) ? agents.size() - 1 : agents.size())];
    if (agent.is_done()) {
      continue;
    }
    if (deaths < kMostDeaths && choices.percent(3)) {
      ++deaths;
      const bool is_for_good = may_lose_one && choices.percent(30);
      may_lose_one = may_lose_one && !is_for_good;
      is_for_good ? agent.die_for_good(incidents) : agent.die(incidents);
    } else if (fault != Fault::kNeverAdopts && choices.percent(6)) {
      let_adopt(agent, store, choices, incidents);
    } else {
      agent.step(incidents);
    }
  }
  if (fault != Fault::kNeverAdopts) {
    adopt_the_rest(store, choices, fault, incidents);
  }
  Coverage uncounted;
  const bool is_at_rest = fault != Fault::kNone || store.unfinished().empty();
  if (is_at_rest && store.accounts() == plain_fold_all(store.rows(), uncounted)) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "seed " << seed << ": store " << ::testing::PrintToString(store.accounts())
                                       << " fold " << ::testing::PrintToString(plain_fold_all(store.rows(), uncounted));
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
            << incidents.rewinds << " rewinds, " << incidents.losses << " agents lost, " << incidents.adoptions
            << " adoptions, " << incidents.lost_races << " lost races, " << incidents.recounts << " recounts, "
            << incidents.refusals << " refusals, " << incidents.replays << " replays, " << incidents.settlements
            << " of them settled later, " << incidents.temptations << " recounts beside failures not applied yet\n";
  EXPECT_GE(incidents.deaths, kLeastOfEach);
  EXPECT_GE(incidents.rewinds, kLeastOfEach);
  EXPECT_GE(incidents.losses, kLeastOfEach);
  EXPECT_GE(incidents.adoptions, kLeastOfEach);
  EXPECT_GE(incidents.lost_races, kLeastOfEach);
  EXPECT_GE(incidents.recounts, kLeastOfEach);
  EXPECT_GE(incidents.temptations, kLeastOfEach);
  EXPECT_GE(incidents.refusals, kLeastOfEach);
  EXPECT_GE(incidents.replays, kLeastOfEach);
  EXPECT_GE(incidents.settlements, kLeastOfEach);
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

TEST(LockoutDocuments, LeavingToTheDeadWhatIsTheirsWouldBeNoticed) {
  EXPECT_TRUE(is_noticed(Fault::kNeverAdopts));
}

TEST(LockoutDocuments, ReplayingDeadLettersByTheirMarksWouldBeNoticed) {
  EXPECT_TRUE(is_noticed(Fault::kReplaysByMarks));
}

TEST(LockoutDocuments, ReplayingDeadLettersWithoutSayingWhichWouldBeNoticed) {
  EXPECT_TRUE(is_noticed(Fault::kReplaysUnlisted));
}

}  // namespace
}  // namespace twinlog
