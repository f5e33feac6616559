#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "tests/lockout/version_builder.h"
#include "tests/mongodb/rig.h"

namespace twinlog {
namespace {

using testing::failed;
using testing::locked;
using testing::read_account;
using testing::report_of;
using testing::reset;
using testing::success;
using testing::TestAgent;

const AccountKey hot_account{"t", "id:u"};

class MongodbAccounts : public ::testing::Test {
 protected:
  StoreSettings settings_ = testing::settings_for(testing::java_server_port(), testing::fresh_database());
  TestAgent agent_{settings_, 1};

  std::int32_t attempts() const { return read_account(settings_, hot_account).failed_login_attempts; }
};

TEST_F(MongodbAccounts, CountFailuresOnceHoweverOftenABatchIsFlushed) {
  const auto versions = agent_.accept({failed(1), failed(2), failed(3)});
  for (int i = 0; i < 3; ++i) {
    report_of(agent_.flush(versions));
    EXPECT_EQ(attempts(), 3);
  }
}

TEST_F(MongodbAccounts, AreTheSameWhenAReplayIsCutDifferently) {
  const auto versions = agent_.accept({failed(1), failed(2), success(3), failed(4), failed(5)});
  report_of(agent_.flush({versions.data(), 4}));
  for (std::size_t i = 0; i < versions.size(); ++i) {
    report_of(agent_.flush({&versions[i], 1}));
  }
  testing::expect_fold(settings_, versions);
  EXPECT_EQ(attempts(), 2);
}

TEST_F(MongodbAccounts, RecountAfterASuccessThatArrivesLate) {
  const auto versions = agent_.accept({failed(10), failed(20), failed(30), success(15)});
  report_of(agent_.flush({versions.data(), 3}));
  const FlushReport report = report_of(agent_.flush({&versions[3], 1}));
  EXPECT_EQ(report.recounts, 1U);
  EXPECT_EQ(attempts(), 2);
}

TEST_F(MongodbAccounts, RecountByWhenAFailureTookEffectAndNotByWhenItSaysThatItOccurred) {
  const auto versions = agent_.accept({failed(10).occurred(1'000'000), failed(30), success(20)});
  report_of(agent_.flush({versions.data(), 2}));
  EXPECT_EQ(report_of(agent_.flush({&versions[2], 1})).recounts, 1U);
  EXPECT_EQ(attempts(), 1);
}

TEST_F(MongodbAccounts, RecountFailuresThatAreOnlyKeptAsConflicts) {
  const auto versions =
      agent_.accept({failed(10).log_id("x").hash(1), failed(20).log_id("x").hash(2), failed(5), success(7)});
  report_of(agent_.flush({versions.data(), 3}));
  EXPECT_EQ(attempts(), 3);
  report_of(agent_.flush({&versions[3], 1}));
  EXPECT_EQ(attempts(), 2);
}

TEST_F(MongodbAccounts, RecountTakesNothingThatItsOwnerHasStillToApply) {
  // The other agent's failure is visible as a record but its flush died before the accounts: only its owner counts it.
  TestAgent other(settings_, 2);
  const auto theirs = other.accept({failed(1), failed(30)});
  report_of(other.flush({theirs.data(), 1}));
  const auto mine = agent_.accept({failed(20), success(10)});
  report_of(agent_.flush({mine.data(), 1}));
  // A flush that only got as far as the records is what another database user can leave behind: the record alone.
  testing::insert_record_only(settings_, theirs[1]);
  report_of(agent_.flush({&mine[1], 1}));
  EXPECT_EQ(attempts(), 1);
  report_of(other.flush({&theirs[1], 1}));
  EXPECT_EQ(attempts(), 2);
}

TEST_F(MongodbAccounts, OfSuccessLockAndResetAreBothTheIdAndTheName) {
  const auto versions = agent_.accept({failed(1).without_user().name("ANN", "ann"), success(2).name("ANN", "ann"),
                                       locked(3), reset(4).name("ANN", "ann").organisation("north")});
  report_of(agent_.flush(versions));
  testing::expect_fold(settings_, versions);
  EXPECT_EQ(read_account(settings_, {"t", "name:ann"}).organisation_id, "north");
}

TEST_F(MongodbAccounts, ArePermanentlyLockedUntilAReset) {
  const auto versions = agent_.accept({locked(1).kind(LockKind::kPermanent).reason("fraud"), success(2), reset(3)});
  report_of(agent_.flush({versions.data(), 2}));
  EXPECT_EQ(read_account(settings_, hot_account).lock_kind, LockKind::kPermanent);
  report_of(agent_.flush({&versions[2], 1}));
  EXPECT_EQ(read_account(settings_, hot_account).lock_kind, LockKind::kNone);
  EXPECT_EQ(read_account(settings_, hot_account).lock_reason, std::nullopt);
}

TEST_F(MongodbAccounts, ThatShouldNotBeThereAreSeenByWhatTheseTestsCompareWith) {
  const auto versions = agent_.accept({failed(1), failed(2).user("other")});
  report_of(agent_.flush(versions));
  const std::span<const Version> first(versions.data(), 1);
  EXPECT_NONFATAL_FAILURE(testing::expect_fold(settings_, first), "count_accounts");
}

TEST_F(MongodbAccounts, AreNotMadeForOtherEventTypes) {
  const auto versions = agent_.accept({testing::VersionBuilder("mfa_failed", 1)});
  EXPECT_EQ(report_of(agent_.flush(versions)).accounts, 0U);
  const auto account = make_mongodb_reader(settings_)->account(hot_account);
  EXPECT_FALSE(account.value().has_value());
}

}  // namespace
}  // namespace twinlog
