// What an agent leaves that dies between a record and its accounts, spool and all: whoever comes next counts it.
#include "plugins/mongodb/leftovers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "plugins/mongodb/names.h"
#include "tests/lockout/histories.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"

namespace twinlog::mongodb {
namespace {

using testing::Choices;
using testing::Cut;
using testing::CuttingProxy;
using testing::error_of;
using testing::expect_fold;
using testing::failed;
using testing::report_of;
using testing::reset;
using testing::success;
using testing::TestAgent;

constexpr unsigned kBeforeAccounts = 3;  // "insert twinlog_agents", "insert auth_logs", then "find account_lockouts".

/// Looks at the store as a courier does now and then, so that silent epochs are adopted.
void look_after(TestAgent& agent, int times = 3) {
  for (int i = 0; i < times; ++i) {
    ASSERT_TRUE(agent.connect());
    agent.clock().advance(kSilentBefore);
  }
  ASSERT_TRUE(agent.connect());
}

class MongodbLeftovers : public ::testing::Test {
 protected:
  /// Flushes and dies at that command; the versions as they were accepted.
  std::vector<Version> die_in_a_flush(std::vector<Version> versions, unsigned at_command = kBeforeAccounts) {
    versions = mortal_.accept(std::move(versions));
    proxy_.cut_at(at_command, Cut::kBeforeServer);
    error_of(mortal_.flush(versions));
    return versions;
  }

  std::string database_ = testing::fresh_database();
  StoreSettings settings_ = testing::settings_for(testing::java_server_port(), database_);
  CuttingProxy proxy_{testing::java_server_port()};
  TestAgent mortal_{testing::settings_for(proxy_.port(), database_), 1};
  TestAgent agent_{settings_, 2};
};

TEST_F(MongodbLeftovers, OfADeadAgentAreCountedByAnotherOneThatNeverSawTheEvents) {
  const auto left = die_in_a_flush({failed(1).log_id("a"), failed(2).log_id("b"), success(1).log_id("c").user("v")});
  look_after(agent_);
  expect_fold(settings_, left);
  agent_.clock().advance(kSilentBeforeLast);
  look_after(agent_);
  expect_fold(settings_, left);
  EXPECT_TRUE(testing::read_leftover_epochs(settings_).empty());
}

TEST_F(MongodbLeftovers, AreCountedOnceWhereTheSenderGivesTheSameEventToAnotherAgent) {
  const auto left = die_in_a_flush({failed(1).log_id("a"), failed(2).log_id("b")});
  report_of(agent_.flush(agent_.accept({failed(1).log_id("a"), failed(3).log_id("d")})));
  look_after(agent_);
  std::vector<Version> all = left;
  all.push_back(failed(3).log_id("d"));
  expect_fold(settings_, all);
}

TEST_F(MongodbLeftovers, InConflictsAreCountedToo) {
  report_of(agent_.flush(agent_.accept({failed(1).log_id("a").hash(1)})));
  // "insert twinlog_agents", "insert auth_logs", "find auth_logs", "insert auth_log_conflicts", "update auth_logs".
  const auto left = die_in_a_flush({failed(2).log_id("a").hash(2)}, 6);
  look_after(agent_);
  std::vector<Version> all = left;
  all.push_back(failed(1).log_id("a").hash(1));
  expect_fold(settings_, all);
}

TEST_F(MongodbLeftovers, AreLeftAloneWhileTheirLineMoves) {
  die_in_a_flush({failed(1).log_id("a")});
  ASSERT_TRUE(agent_.connect());
  agent_.clock().advance(kSilentBefore / 2);
  ASSERT_TRUE(agent_.connect());
  EXPECT_EQ(testing::read_leftover_epochs(settings_).size(), 1U);
}

TEST_F(MongodbLeftovers, OfAnAgentThatWasMerelySlowAreCountedOnceHoweverItGoesOn) {
  const auto left = die_in_a_flush({failed(1).log_id("a"), failed(20).log_id("b"), failed(30).log_id("c")});
  look_after(agent_);
  report_of(agent_.flush(agent_.accept({failed(40).log_id("d"), reset(10).log_id("e")})));
  mortal_.restart();
  report_of(mortal_.flush({left.data(), 1}));
  report_of(mortal_.flush({&left[1], 2}));
  const auto more = mortal_.accept({failed(50).log_id("f")});
  report_of(mortal_.flush(more));
  std::vector<Version> all = left;
  all.insert(all.end(), {failed(40).log_id("d"), reset(10).log_id("e"), more[0]});
  expect_fold(settings_, all);
}

TEST_F(MongodbLeftovers, OfALargerFlushAreFoundAfterASmallerOneThatDiedToo) {
  const auto left = die_in_a_flush({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c")});
  mortal_.restart();
  proxy_.cut_at(kBeforeAccounts, Cut::kBeforeServer);
  error_of(mortal_.flush({left.data(), 1}));
  look_after(agent_);
  expect_fold(settings_, left);
}

// The owner lives after all, slow as it was: it inserts what the adopter did not see any more, and reads the account
// before the adopter writes it. The mark that then stands there is the adopter's, and says nothing of that insert.
TEST_F(MongodbLeftovers, AreNotTakenForCountedByTheOwnerWhoseMarkAnAdopterMovedBetweenItsReadAndItsWrite) {
  const auto versions = mortal_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  testing::insert_record_only(settings_, versions[1]);  // As a flush leaves it whose inserts were cut in the middle.
  CuttingProxy adopters_way(testing::java_server_port());
  TestAgent adopter(testing::settings_for(adopters_way.port(), database_), 3);
  std::promise<void> adopter_has_read;
  std::promise<void> owner_has_read;
  std::jthread adopting;  // Joined first, whatever fails.
  adopters_way.before("insert account_lockouts", [&] {
    adopter_has_read.set_value();
    owner_has_read.get_future().wait();
  });
  proxy_.before("insert auth_logs", [&] {
    EXPECT_TRUE(adopter.connect());  // It sees the line for the first time.
    adopter.clock().advance(kSilentBefore);
    adopting = std::jthread([&] { EXPECT_TRUE(adopter.connect()); });
    adopter_has_read.get_future().wait();
  });
  proxy_.before("insert account_lockouts", [&] {
    owner_has_read.set_value();
    adopting.join();
    EXPECT_EQ(testing::read_account(settings_, {"t", "id:u"}).failed_login_attempts, 1);
  });
  EXPECT_EQ(report_of(mortal_.flush(versions)).inserted, 1U);
  ASSERT_FALSE(adopting.joinable());
  expect_fold(settings_, versions);
}

class MongodbOlderAgents : public MongodbLeftovers {
 protected:
  /// Leaves the lines as agents of older versions wrote them.
  void forget_newer_fields() {
    testing::update_all(settings_, kAgents,
                        R"({"$unset":{"flushing_leaf_index":"","is_unfinished":"","flushing":"",)"
                        R"("listed_leaf_index":""}})");
  }
  /// Whether a problem was noted since the last look.
  static bool has_problem(TestAgent& agent) {
    const auto notes = agent.store().take_notes();
    return std::ranges::any_of(notes, [](const CheckLine& note) { return note.is_problem; });
  }
};

TEST_F(MongodbOlderAgents, LeaveNothingUncountedWhereTheirSpoolIsGoneOnWith) {
  const auto versions = mortal_.accept({failed(1).log_id("a"), failed(2).log_id("b"), failed(3).log_id("c")});
  report_of(mortal_.flush({versions.data(), 1}));
  forget_newer_fields();
  testing::insert_record_only(settings_, versions[1]);
  mortal_.restart();
  report_of(mortal_.flush({&versions[1], 2}));
  expect_fold(settings_, versions);
}

TEST_F(MongodbOlderAgents, AreNamedOnceWhereAnotherAgentMeetsWhatTheyDidNotConfirm) {
  const auto theirs = mortal_.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  testing::insert_record_only(settings_, theirs[0]);
  testing::insert_record_only(settings_, theirs[1]);
  agent_.store().take_notes();
  report_of(agent_.flush(agent_.accept({failed(1).log_id("a")})));
  EXPECT_TRUE(has_problem(agent_));
  report_of(agent_.flush(agent_.accept({failed(2).log_id("b")})));
  EXPECT_FALSE(has_problem(agent_));
}

TEST_F(MongodbOlderAgents, AreNotNamedForWhatTheyConfirmed) {
  const auto theirs = mortal_.accept({failed(1).log_id("a")});
  report_of(mortal_.flush(theirs));
  forget_newer_fields();
  agent_.store().take_notes();
  report_of(agent_.flush(agent_.accept({failed(1).log_id("a")})));
  EXPECT_FALSE(has_problem(agent_));
}

/// One mortal agent flushes its share in random batches and now and then dies for good in the middle.
std::vector<Version> live_and_die(TestAgent& agent, CuttingProxy& proxy, std::vector<Version> share, Choices& choices) {
  std::vector<Version> versions = agent.accept(std::move(share));
  std::size_t cursor = 0;
  while (cursor < versions.size()) {
    const std::size_t size = 1 + choices.below(std::min<std::size_t>(versions.size() - cursor, 8));
    if (choices.percent(30)) {
      proxy.cut_at(static_cast<unsigned>(1 + choices.below(8)),
                   choices.percent(50) ? Cut::kReplyLost : Cut::kBeforeServer);
    }
    if (agent.flush({&versions[cursor], size})) {
      cursor += size;
    } else if (choices.percent(60)) {
      break;
    } else {
      proxy.cut_never();
      agent.restart();
    }
  }
  proxy.cut_never();
  return versions;
}

TEST(MongodbMortals, LeaveNothingUncountedHoweverTheyDie) {
  const std::uint64_t seed = std::random_device{}();
  Choices choices(seed);
  std::size_t leftovers = 0;
  for (int run = 0; run < 12; ++run) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", run " + std::to_string(run));
    const std::string database = testing::fresh_database();
    const StoreSettings settings = testing::settings_for(testing::java_server_port(), database);
    const testing::History history = testing::random_history(choices, 60);
    std::vector<Version> all;
    for (std::uint8_t epoch = 1; epoch <= 6; ++epoch) {
      CuttingProxy proxy(testing::java_server_port());
      TestAgent mortal(testing::settings_for(proxy.port(), database), epoch);
      std::vector<Version> share;
      std::ranges::copy_if(history.versions, std::back_inserter(share),
                           [&](const Version&) { return choices.percent(40); });
      std::shuffle(share.begin(), share.end(), choices.generator());
      const auto versions = live_and_die(mortal, proxy, std::move(share), choices);
      all.insert(all.end(), versions.begin(), versions.end());
    }
    leftovers += testing::read_leftover_epochs(settings).size();
    TestAgent heir(settings, 100);
    look_after(heir, 20);
    expect_fold(settings, testing::stored_of(settings, all));
    heir.clock().advance(kSilentBeforeLast);
    look_after(heir, 20);
    EXPECT_TRUE(testing::read_leftover_epochs(settings).empty());
    expect_fold(settings, testing::stored_of(settings, all));
  }
  EXPECT_GT(leftovers, 0U);
}

}  // namespace
}  // namespace twinlog::mongodb
