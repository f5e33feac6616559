// An account keeps a mark of an epoch until the epoch's line says the same, and no clock has a say in it.
#include <gtest/gtest.h>

#include "plugins/mongodb/accounts.h"
#include "tests/lockout/version_builder.h"
#include "tests/mongodb/cutting_proxy.h"
#include "tests/mongodb/rig.h"

namespace twinlog::mongodb {
namespace {

using testing::Cut;
using testing::CuttingProxy;
using testing::error_of;
using testing::expect_fold;
using testing::failed;
using testing::marks_of;
using testing::report_of;
using testing::success;
using testing::TestAgent;

const AccountKey hot_account{"t", "id:u"};
constexpr unsigned kBeforeAccounts = 3;  // Begin, records, then the read of the account.
constexpr unsigned kBeforePosition = 5;  // Begin, records, read and insert of the account, then the position.

class MongodbMarks : public ::testing::Test {
 protected:
  /// More epochs than an account keeps without looking them up.
  void let_flush(int epochs) {
    for (int i = 0; i < epochs; ++i) {
      TestAgent agent(settings_, static_cast<std::uint16_t>(1000 + i));
      const auto versions = agent.accept({failed(100 + i).log_id("of-" + std::to_string(i))});
      report_of(agent.flush(versions));
      all_.insert(all_.end(), versions.begin(), versions.end());
    }
  }
  std::string database_ = testing::fresh_database();
  StoreSettings settings_ = testing::settings_for(testing::java_server_port(), database_);
  std::vector<Version> all_;
};

TEST_F(MongodbMarks, OfThreeHundredEpochsLeaveAnAccountSmall) {
  let_flush(300);
  EXPECT_LE(marks_of(settings_, hot_account).size(), kMarksBeforeLookup + 1);
  EXPECT_LT(testing::state_bytes(settings_, hot_account), 1024U);
  expect_fold(settings_, all_);
}

TEST_F(MongodbMarks, OfAnEpochThatHasNotSaidSoStayWhateverTheClocksSayAndItsFailuresCountOnce) {
  CuttingProxy proxy(testing::java_server_port());
  TestAgent dying(testing::settings_for(proxy.port(), database_), 1);
  const auto first = dying.accept({failed(1).log_id("a"), failed(2).log_id("b")});
  report_of(dying.flush({first.data(), 1}));
  proxy.cut_at(kBeforePosition, Cut::kBeforeServer);
  error_of(dying.flush({&first[1], 1}));
  TestAgent ahead(settings_, 2);
  ahead.clock().advance(std::chrono::hours{24 * 366});
  const auto theirs = ahead.accept({failed(3).log_id("c")});
  report_of(ahead.flush(theirs));
  let_flush(20);
  EXPECT_TRUE(marks_of(settings_, hot_account).contains(dying.epoch_id()));
  dying.restart();
  report_of(dying.flush({&first[1], 1}));
  all_.insert(all_.end(), {first[0], first[1], theirs[0]});
  expect_fold(settings_, all_);
}

TEST_F(MongodbMarks, ThatWentDoNotMakeARecountOrAReplayCountAnythingTwice) {
  TestAgent early(settings_, 1);
  const auto first = early.accept({failed(10).log_id("a"), failed(20).log_id("b")});
  report_of(early.flush(first));
  let_flush(20);
  EXPECT_FALSE(marks_of(settings_, hot_account).contains(early.epoch_id()));
  TestAgent late(settings_, 2);
  const auto defining = late.accept({success(15).log_id("c")});
  report_of(late.flush(defining));
  early.restart();
  report_of(early.flush(first));
  all_.insert(all_.end(), {first[0], first[1], defining[0]});
  expect_fold(settings_, all_);
}

TEST_F(MongodbMarks, ThatWentLeaveToAnAgentAmidAFlushWhatItHasNotAppliedYet) {
  CuttingProxy proxy(testing::java_server_port());
  TestAgent early(testing::settings_for(proxy.port(), database_), 1);
  const auto theirs = early.accept({failed(10).log_id("a"), failed(20).log_id("b"), failed(30).log_id("c")});
  report_of(early.flush({theirs.data(), 2}));
  let_flush(20);
  proxy.cut_at(kBeforeAccounts, Cut::kBeforeServer);
  error_of(early.flush({&theirs[2], 1}));
  TestAgent late(settings_, 2);
  const auto defining = late.accept({success(15).log_id("d")});
  EXPECT_EQ(report_of(late.flush(defining)).recounts, 1U);
  EXPECT_EQ(testing::read_account(settings_, hot_account).failed_login_attempts, 1 + 20);
  early.restart();
  report_of(early.flush({&theirs[2], 1}));
  all_.insert(all_.end(), {theirs[0], theirs[1], theirs[2], defining[0]});
  expect_fold(settings_, all_);
}

TEST_F(MongodbMarks, ThatWentAndALineThatWasLostCountNothingTwice) {
  TestAgent early(settings_, 1);
  const auto first = early.accept({failed(10).log_id("a"), failed(20).log_id("b")});
  report_of(early.flush(first));
  let_flush(20);
  testing::remove_line(settings_, early.epoch_id());
  early.restart();
  report_of(early.flush({first.data(), 1}));
  report_of(early.flush({&first[1], 1}));
  all_.insert(all_.end(), first.begin(), first.end());
  expect_fold(settings_, all_);
}

}  // namespace
}  // namespace twinlog::mongodb
