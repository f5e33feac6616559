// Dead letters that are offered again once what refused them is gone: the store ends as if they had come in time,
// however often a replay is begun, and whoever ends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plugins/mongodb/document.h"
#include "plugins/mongodb/leftovers.h"
#include "plugins/mongodb/names.h"
#include "tests/lockout/histories.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"

namespace twinlog::mongodb {
namespace {

using testing::Choices;
using testing::Cut;
using testing::error_of;
using testing::expect_fold;
using testing::failed;
using testing::report_of;
using testing::reset;
using testing::success;
using testing::TestAgent;

constexpr unsigned kCommandsMost = 30;

class MongodbReplayed : public ::testing::Test {
 protected:
  void open_database() {
    database_ = testing::fresh_database();
    settings_ = testing::settings_for(testing::java_server_port(), database_);
  }
  MongodbReplayed() { open_database(); }
  StoreSettings through_proxy() const { return testing::settings_for(proxy_.port(), database_); }
  void refuse(const std::set<std::string>& ids) {
    proxy_.refuse({.command = "insert auth_logs", .ids = ids, .code = 121});
  }
  /// Flushes all and says what was refused.
  std::vector<Version> flush_and_keep_letters(TestAgent& agent, std::span<const Version> versions) {
    const FlushReport report = report_of(agent.flush(versions));
    std::vector<Version> letters;
    for (const RefusedVersion& refused : report.refused) {
      letters.push_back(*std::ranges::find(versions, refused.leaf_index, &Version::leaf_index));
    }
    return letters;
  }

  std::string database_;
  StoreSettings settings_;
  testing::CuttingProxy proxy_{testing::java_server_port()};
};

/// Letters of every kind: failures, a success and a reset before failures that are counted already, a lock, a conflict,
/// and the only event of an account.
std::vector<Version> batch_with_letters() {
  return {failed(10).log_id("a"),
          success(25).log_id("b-bad"),
          failed(20).log_id("c-bad"),
          failed(30).log_id("d"),
          failed(40).log_id("e").hash(1),
          failed(50).log_id("e").hash(2),
          reset(15).log_id("f-bad"),
          failed(60).log_id("g"),
          failed(5).user("v").log_id("h-bad"),
          testing::locked(70).user("w").log_id("i-bad"),
          failed(80).user("w").log_id("j")};
}
std::set<std::string> bad_ids() {
  return {"t/b-bad", "t/c-bad", "t/f-bad", "t/h-bad", "t/i-bad"};
}

TEST_F(MongodbReplayed, LettersEndAsIfTheyHadComeInTimeAndThePositionStays) {
  TestAgent agent(through_proxy(), 1);
  const auto versions = agent.accept(batch_with_letters());
  refuse(bad_ids());
  const auto letters = flush_and_keep_letters(agent, versions);
  ASSERT_EQ(letters.size(), bad_ids().size());
  proxy_.refuse_nothing();
  const auto before = agent.connect();
  const FlushReport report = report_of(agent.replay(letters));
  EXPECT_EQ(report.inserted, letters.size());
  EXPECT_TRUE(report.refused.empty());
  expect_fold(settings_, versions);
  EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
  agent.restart();
  const auto after = agent.connect();
  ASSERT_TRUE(before && *before && after && *after);
  EXPECT_EQ((*after)->last_leaf, versions.back().leaf_index);
  EXPECT_EQ((*after)->flushed_at, (*before)->flushed_at);
}

TEST_F(MongodbReplayed, LettersChangeNothingWhenTheyAreReplayedAgainOneByOneInAnyOrder) {
  TestAgent agent(through_proxy(), 1);
  const auto versions = agent.accept(batch_with_letters());
  refuse(bad_ids());
  const auto letters = flush_and_keep_letters(agent, versions);
  proxy_.refuse_nothing();
  for (int time = 0; time < 2; ++time) {
    for (auto letter = letters.rbegin(); letter != letters.rend(); ++letter) {
      const FlushReport report = report_of(agent.replay({&*letter, 1}));
      EXPECT_EQ(report.duplicates, time == 0 ? 0U : 1U);
    }
    expect_fold(settings_, versions);
  }
  const auto more = agent.accept({failed(90).log_id("k"), success(1).log_id("l")});
  report_of(agent.flush(more));
  std::vector<Version> all = versions;
  all.insert(all.end(), more.begin(), more.end());
  expect_fold(settings_, all);
}

TEST_F(MongodbReplayed, ALetterThatIsRefusedStillIsReportedAgainAndTheOthersAreIn) {
  TestAgent agent(through_proxy(), 1);
  const auto versions = agent.accept(batch_with_letters());
  refuse(bad_ids());
  const auto letters = flush_and_keep_letters(agent, versions);
  refuse({"t/c-bad"});
  const FlushReport report = report_of(agent.replay(letters));
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].leaf_index, 3U);
  EXPECT_EQ(report.refused[0].error.code, "121");
  std::vector<Version> rest = versions;
  rest.erase(rest.begin() + 2);
  expect_fold(settings_, rest);
}

TEST_F(MongodbReplayed, ALetterWhoseKeyIsTakenMeanwhileIsAConflict) {
  TestAgent agent(through_proxy(), 1);
  const auto versions = agent.accept({failed(1).log_id("a").hash(1), failed(2).log_id("b")});
  refuse({"t/a"});
  const auto letters = flush_and_keep_letters(agent, versions);
  proxy_.refuse_nothing();
  TestAgent other(settings_, 2);
  const auto theirs = other.accept({failed(3).log_id("a").hash(9)});
  report_of(other.flush(theirs));
  EXPECT_EQ(report_of(agent.replay(letters)).conflicts, 1U);
  std::vector<Version> all = versions;
  all.push_back(theirs[0]);
  expect_fold(settings_, all);
  EXPECT_TRUE(testing::read_records(settings_, testing::keys_of(theirs)).at(0).has_conflict);
}

// As after a restored store: its position lies below letters.
TEST_F(MongodbReplayed, ALetterAboveThePositionStaysOneAndHoldsUpNoOther) {
  TestAgent agent(through_proxy(), 1);
  const auto versions = agent.accept(batch_with_letters());
  refuse(bad_ids());
  const auto letters = flush_and_keep_letters(agent, versions);
  proxy_.refuse_nothing();
  testing::update_all(settings_, kAgents, R"({"$set":{"last_leaf_index":{"$numberLong":"7"}}})");
  agent.restart();
  const FlushReport report = report_of(agent.replay(letters));
  ASSERT_EQ(report.refused.size(), 2U);
  EXPECT_EQ(report.refused[0].leaf_index, 9U);
  EXPECT_EQ(report.refused[1].leaf_index, 10U);
  report_of(agent.flush({&versions[7], 1}));  // All that is no letter up to there.
  report_of(agent.flush({&versions[10], 1}));
  EXPECT_TRUE(report_of(agent.replay(letters)).refused.empty());
  expect_fold(settings_, versions);
}

// They wait in front of all that is new, so none may hold it up.
TEST_F(MongodbReplayed, ALetterAloneIsRefusedAgainWhateverTheServerHasAgainstIt) {
  for (const bool fails_commands : {true, false}) {
    open_database();
    TestAgent agent(through_proxy(), 1);
    const auto versions = agent.accept({failed(1).log_id("a"), failed(2).log_id("b")});
    refuse({"t/a"});
    const auto letters = flush_and_keep_letters(agent, versions);
    proxy_.refuse({.command = "insert auth_logs",
                   .ids = {"t/a"},
                   .code = fails_commands ? 2 : 424'242,
                   .fails_commands = fails_commands});
    const FlushReport report = report_of(agent.replay(letters));
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].error.code, fails_commands ? "2" : "424242");
    EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
    expect_fold(settings_, {&versions[1], 1});
  }
}

TEST_F(MongodbReplayed, APositionThatIsNotAsItWasLeftStopsAReplayBeforeItWritesAnything) {
  TestAgent agent(through_proxy(), 1);
  const auto versions = agent.accept(batch_with_letters());
  refuse(bad_ids());
  const auto letters = flush_and_keep_letters(agent, versions);
  proxy_.refuse_nothing();
  testing::update_all(settings_, kAgents, R"({"$set":{"last_leaf_index":{"$numberLong":"3"}}})");
  EXPECT_EQ(error_of(agent.replay(letters)).reaction, Reaction::kReconnect);
  EXPECT_TRUE(testing::read_records(settings_, testing::keys_of(letters)).empty());
}

// The owner of an epoch comes back just when another agent ends, for good, what it had left.
TEST_F(MongodbReplayed, BegunWhileAnAdopterEndsWhatItsAgentLeftIsNotForgotten) {
  TestAgent agent(through_proxy(), 1);
  auto versions = agent.accept(batch_with_letters());
  refuse(bad_ids());
  const auto letters = flush_and_keep_letters(agent, versions);
  proxy_.refuse_nothing();
  const auto more = agent.accept({failed(90).log_id("k"), failed(91).log_id("l")});
  versions.insert(versions.end(), more.begin(), more.end());
  proxy_.cut_at(3, Cut::kBeforeServer);  // After its records.
  error_of(agent.flush(more));
  testing::CuttingProxy adopters_way(testing::java_server_port());
  TestAgent adopter(testing::settings_for(adopters_way.port(), database_), 2);
  const auto look_after = [&adopter](std::chrono::seconds silence) {
    adopter.clock().advance(silence);
    ASSERT_TRUE(adopter.connect());
    ASSERT_TRUE(adopter.connect());
  };
  look_after(kSilentBefore);
  bool has_come_back = false;
  adopters_way.before("find account_lockouts", [&] {
    agent.restart();
    proxy_.cut_at(3, Cut::kBeforeServer);
    error_of(agent.replay(letters));
    has_come_back = true;
  });
  look_after(kSilentBeforeLast);
  EXPECT_TRUE(has_come_back);
  EXPECT_EQ(testing::read_records(settings_, testing::keys_of(letters)).size(), letters.size());
  look_after(kSilentBeforeLast);
  expect_fold(settings_, versions);
}

class MongodbReplayCut : public MongodbReplayed, public ::testing::WithParamInterface<Cut> {
 protected:
  /// Calls `go_on` after a replay of its own was cut at each of its commands; how many those were.
  template <typename GoOn>
  unsigned after_each_cut(GoOn go_on) {
    for (unsigned number = 1; number <= kCommandsMost; ++number) {
      SCOPED_TRACE("cut at command " + std::to_string(number));
      open_database();
      TestAgent agent(through_proxy(), 1);
      const auto versions = agent.accept(batch_with_letters());
      refuse(bad_ids());
      const auto letters = flush_and_keep_letters(agent, versions);
      proxy_.refuse_nothing();
      proxy_.cut_at(number, GetParam());
      const auto result = agent.replay(letters);
      if (!proxy_.has_cut()) {
        proxy_.cut_never();
        report_of(result);
        return number - 1;
      }
      EXPECT_EQ(error_of(result).reaction, Reaction::kReconnect);
      go_on(agent, versions, letters);
    }
    return kCommandsMost;
  }
};

TEST_P(MongodbReplayCut, IsRepeatedAndEndsTheSame) {
  EXPECT_GE(after_each_cut([this](TestAgent& agent, const auto& versions, const auto& letters) {
              agent.restart();
              report_of(agent.replay(letters));
              expect_fold(settings_, versions);
              EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
            }),
            7U);
}

TEST_P(MongodbReplayCut, LeavesNothingUncountedWhereItIsNeverRepeated) {
  after_each_cut([this](TestAgent& agent, const auto& versions, const auto&) {
    agent.restart();
    expect_fold(settings_, testing::stored_of(settings_, versions));
    EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
  });
}

TEST_P(MongodbReplayCut, LeavesNothingUncountedWhereItsAgentNeverComesBack) {
  after_each_cut([this](TestAgent&, const auto& versions, const auto&) {
    TestAgent heir(settings_, 2);
    for (const std::chrono::seconds silence : {kSilentBefore, std::chrono::seconds(kSilentBeforeLast)}) {
      heir.clock().advance(silence);
      ASSERT_TRUE(heir.connect());
      ASSERT_TRUE(heir.connect());
      expect_fold(settings_, testing::stored_of(settings_, versions));
    }
    EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
  });
}

TEST_P(MongodbReplayCut, BesideAFlushThatDidNotEndLeavesNothingOfBothUncounted) {
  after_each_cut([this](TestAgent& agent, const auto& versions, const auto& letters) {
    agent.restart();
    const auto more = agent.accept({failed(90).log_id("k"), failed(91).log_id("l"), success(28).log_id("m")});
    proxy_.cut_at(3, Cut::kBeforeServer);  // After its records.
    error_of(agent.flush(more));
    agent.restart();
    proxy_.cut_at(3, Cut::kBeforeServer);
    error_of(agent.replay(letters));
    proxy_.cut_never();
    TestAgent heir(settings_, 2);
    for (int i = 0; i < 3; ++i) {
      heir.clock().advance(kSilentBefore);
      ASSERT_TRUE(heir.connect());
    }
    std::vector<Version> all = versions;
    all.insert(all.end(), more.begin(), more.end());
    expect_fold(settings_, testing::stored_of(settings_, all));
    agent.restart();
    report_of(agent.flush(more));
    report_of(agent.replay(letters));
    expect_fold(settings_, all);
  });
}

INSTANTIATE_TEST_SUITE_P(BothSides, MongodbReplayCut, ::testing::Values(Cut::kBeforeServer, Cut::kReplyLost));

/// Some versions are refused; those.
std::vector<Version> flush_with_refusals(Choices& choices, testing::CuttingProxy& proxy, TestAgent& agent,
                                         const std::vector<Version>& versions) {
  testing::Refusal refusal{.command = "insert auth_logs", .ids = {}};
  for (const Version& version : versions) {
    if (choices.percent(30)) {
      refusal.ids.insert(version_id(Shelf::kRecords, version));
    }
  }
  proxy.refuse(refusal);
  std::vector<Version> letters;
  for (std::size_t cursor = 0; cursor < versions.size();) {
    const std::size_t size = 1 + choices.below(std::min<std::size_t>(versions.size() - cursor, 8));
    for (const RefusedVersion& refused : report_of(agent.flush({&versions[cursor], size})).refused) {
      letters.push_back(versions.at(refused.leaf_index - 1));
    }
    cursor += size;
  }
  proxy.refuse_nothing();
  return letters;
}

/// One by one, each until it is taken; whoever meets a cut dies.
void replay_with_cuts(Choices& choices, testing::CuttingProxy& proxy, TestAgent& agent, std::vector<Version> letters) {
  while (!letters.empty()) {
    if (choices.percent(50)) {
      proxy.cut_at(static_cast<unsigned>(1 + choices.below(8)),
                   choices.percent(50) ? Cut::kReplyLost : Cut::kBeforeServer);
    }
    if (agent.replay({&letters.back(), 1})) {
      letters.pop_back();
    } else {
      agent.restart();
    }
    proxy.cut_never();
  }
}

// Several agents, each with letters of its own that come back at some time, with deaths in between.
TEST(MongodbReplays, OfRandomHistoriesEndWhereThePlainFoldEnds) {
  const std::uint64_t seed = std::random_device{}();
  Choices choices(seed);
  std::size_t replayed = 0;
  for (int run = 0; run < 15; ++run) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", run " + std::to_string(run));
    const std::string database = testing::fresh_database();
    const StoreSettings settings = testing::settings_for(testing::java_server_port(), database);
    const testing::History history = testing::random_history(choices, 60);
    std::vector<Version> all;
    for (std::uint8_t epoch = 1; epoch <= 3; ++epoch) {
      testing::CuttingProxy proxy(testing::java_server_port());
      TestAgent agent(testing::settings_for(proxy.port(), database), epoch);
      std::vector<Version> share;
      std::ranges::copy_if(history.versions, std::back_inserter(share),
                           [&](const Version&) { return choices.percent(50); });
      std::shuffle(share.begin(), share.end(), choices.generator());
      const auto versions = agent.accept(std::move(share));
      std::vector<Version> letters = flush_with_refusals(choices, proxy, agent, versions);
      std::shuffle(letters.begin(), letters.end(), choices.generator());
      replayed += letters.size();
      replay_with_cuts(choices, proxy, agent, std::move(letters));
      all.insert(all.end(), versions.begin(), versions.end());
    }
    expect_fold(settings, all);
  }
  EXPECT_GT(replayed, 30U);
}

}  // namespace
}  // namespace twinlog::mongodb
