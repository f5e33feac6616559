// One test per sentence of docs/EVENTS.md and per promise of account_state.h.
#include "ledger/lockout/account_state.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/lockout/version_builder.h"

namespace twinlog {
namespace {

using namespace testing;

std::vector<const Version*> pointers(const std::vector<Version>& versions) {
  std::vector<const Version*> result;
  result.reserve(versions.size());
  for (const Version& version : versions) {
    result.push_back(&version);
  }
  return result;
}

/// The shown state after the versions, merged one by one in this order, none of which may ask for a recount.
ShownAccount after(const std::vector<Version>& versions) {
  AccountState state;
  for (const Version& version : versions) {
    EXPECT_EQ(merge(state, {&version}), Recount::kNotNeeded);
  }
  return shown(state);
}

TEST(LockoutMirror, AFailureAddsOneToTheAttempts) {
  EXPECT_EQ(after({failed(1)}).failed_login_attempts, 1);
  EXPECT_EQ(after({failed(1), failed(2), failed(3)}).failed_login_attempts, 3);
}

TEST(LockoutMirror, AFailureWithAStatedNumberSetsTheAttempts) {
  EXPECT_EQ(after({failed(1), failed(2).stated(7)}).failed_login_attempts, 7);
  EXPECT_EQ(after({failed(2).stated(7), failed(3)}).failed_login_attempts, 8);
  EXPECT_EQ(after({failed(1), failed(2).stated(0)}).failed_login_attempts, 0);
}

TEST(LockoutMirror, AFailureThatCarriesAnEndSetsATemporaryLock) {
  const ShownAccount account = after({failed(1).until(50).reason("too_many")});
  EXPECT_EQ(account.lock_kind, LockKind::kTemporary);
  EXPECT_EQ(account.account_locked_until, 50);
  EXPECT_EQ(account.lock_reason, "too_many");
  EXPECT_EQ(account.failed_login_attempts, 1);
  EXPECT_FALSE(account.last_locked_at.has_value());
}

TEST(LockoutMirror, AFailureThatCarriesAKindSetsTheLock) {
  EXPECT_EQ(after({failed(1).kind(LockKind::kTemporary)}).lock_kind, LockKind::kTemporary);
  EXPECT_EQ(after({failed(1).kind(LockKind::kPermanent)}).lock_kind, LockKind::kPermanent);
  EXPECT_EQ(after({failed(1).until(kPermanentFrom)}).lock_kind, LockKind::kPermanent);
}

TEST(LockoutMirror, AFailureWithoutALockLeavesTheLockAlone) {
  const ShownAccount account = after({locked(1).until(50).reason("first"), failed(2).reason("second")});
  EXPECT_EQ(account.account_locked_until, 50);
  EXPECT_EQ(account.lock_reason, "first");
}

TEST(LockoutMirror, ALockIsPermanentWhenItSaysSo) {
  const ShownAccount account = after({locked(1).kind(LockKind::kPermanent).until(50)});
  EXPECT_EQ(account.lock_kind, LockKind::kPermanent);
  EXPECT_EQ(account.account_locked_until, 50);
}

TEST(LockoutMirror, ALockIsPermanentFromTheLastDayOnEvenWhenCalledTemporary) {
  EXPECT_EQ(after({locked(1).until(kPermanentFrom)}).lock_kind, LockKind::kPermanent);
  EXPECT_EQ(after({locked(1).until(kLatestTime).kind(LockKind::kTemporary)}).lock_kind, LockKind::kPermanent);
  EXPECT_EQ(after({locked(1).until(kPermanentFrom - 1)}).lock_kind, LockKind::kTemporary);
}

TEST(LockoutMirror, ALockWithoutAnEndIsTemporaryWithAnUnknownEnd) {
  const ShownAccount account = after({locked(1)});
  EXPECT_EQ(account.lock_kind, LockKind::kTemporary);
  EXPECT_FALSE(account.account_locked_until.has_value());
}

TEST(LockoutMirror, ANewerLockReplacesAllOfTheOlderOne) {
  const ShownAccount account =
      after({locked(1).kind(LockKind::kPermanent).until(kLatestTime).reason("administrator"), locked(2)});
  EXPECT_EQ(account.lock_kind, LockKind::kTemporary);
  EXPECT_FALSE(account.account_locked_until.has_value());
  EXPECT_FALSE(account.lock_reason.has_value());
}

TEST(LockoutMirror, ALockKeepsTheAttemptsUnlessItStatesThem) {
  EXPECT_EQ(after({failed(1), failed(2), locked(3)}).failed_login_attempts, 2);
  EXPECT_EQ(after({failed(1), failed(2), locked(3).stated(9)}).failed_login_attempts, 9);
}

TEST(LockoutMirror, ASuccessSetsTheAttemptsToTheStatedNumberOrZero) {
  EXPECT_EQ(after({failed(1), success(2)}).failed_login_attempts, 0);
  EXPECT_EQ(after({failed(1), success(2).stated(4)}).failed_login_attempts, 4);
}

TEST(LockoutMirror, ASuccessClearsATemporaryLockWithItsEndAndReason) {
  const ShownAccount account = after({locked(1).until(50).reason("too_many"), success(2)});
  EXPECT_EQ(account.lock_kind, LockKind::kNone);
  EXPECT_FALSE(account.account_locked_until.has_value());
  EXPECT_FALSE(account.lock_reason.has_value());
}

TEST(LockoutMirror, ASuccessLeavesAPermanentLock) {
  const ShownAccount account =
      after({locked(1).kind(LockKind::kPermanent).reason("administrator").stated(5), success(2)});
  EXPECT_EQ(account.lock_kind, LockKind::kPermanent);
  EXPECT_EQ(account.lock_reason, "administrator");
  EXPECT_EQ(account.failed_login_attempts, 0);
}

TEST(LockoutMirror, ASuccessThatCarriesLockFieldsSetsNoLock) {
  EXPECT_EQ(after({success(1).until(50).kind(LockKind::kPermanent)}).lock_kind, LockKind::kNone);
}

TEST(LockoutMirror, AResetClearsAnyLockAndSetsTheAttemptsToTheStatedNumberOrZero) {
  const ShownAccount account =
      after({locked(1).kind(LockKind::kPermanent).until(kLatestTime).reason("administrator"), reset(2).until(9)});
  EXPECT_EQ(account.lock_kind, LockKind::kNone);
  EXPECT_FALSE(account.account_locked_until.has_value());
  EXPECT_FALSE(account.lock_reason.has_value());
  EXPECT_EQ(after({failed(1), locked(2).until(50), reset(3)}).lock_kind, LockKind::kNone);
  EXPECT_EQ(after({failed(1), reset(2)}).failed_login_attempts, 0);
  EXPECT_EQ(after({failed(1), reset(2).stated(3)}).failed_login_attempts, 3);
}

TEST(LockoutMirror, ShownAttemptsStopAtTheLargestNumber) {
  EXPECT_EQ(after({failed(1).stated(2147483647), failed(2)}).failed_login_attempts, 2147483647);
  EXPECT_EQ(after({failed(1).stated(2147483646), failed(2)}).failed_login_attempts, 2147483647);
  EXPECT_EQ(after({failed(1).stated(2147483647), failed(2), failed(3), success(4)}).failed_login_attempts, 0);
  AccountState state;
  const Version version = failed(1);
  merge(state, {&version});
  state.failures_after = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(shown(state).failed_login_attempts, 2147483647);
}

TEST(LockoutMirror, TheLastTimesAreTheGreatestOfTheirType) {
  const ShownAccount account = after({failed(3), failed(1), success(6), success(5), locked(9), locked(7), reset(8)});
  EXPECT_EQ(account.last_failed_at, 3);
  EXPECT_EQ(account.last_success_at, 6);
  EXPECT_EQ(account.last_locked_at, 9);
  EXPECT_EQ(account.last_reset_at, 8);
}

TEST(LockoutMirror, LogIdTimeAndOrganisationAreThoseOfTheNewestEvent) {
  const ShownAccount account = after({failed(5).organisation("north").log_id("b"), failed(4).organisation("south")});
  EXPECT_EQ(account.organisation_id, "north");
  EXPECT_EQ(account.log_id, "b");
  EXPECT_EQ(account.effective_at, 5);
  EXPECT_FALSE(after({failed(5).organisation("north"), failed(6)}).organisation_id.has_value());
}

TEST(LockoutMirror, AtOneTimeFailedComesBeforeSuccessBeforeResetBeforeLocked) {
  const ShownAccount account = after({locked(1).until(50), reset(1), success(1), failed(1).until(40)});
  EXPECT_EQ(account.lock_kind, LockKind::kTemporary);
  EXPECT_EQ(account.account_locked_until, 50);
  EXPECT_EQ(account.failed_login_attempts, 0);
  EXPECT_EQ(after({success(1), failed(1).until(40)}).lock_kind, LockKind::kNone);
  EXPECT_EQ(after({locked(1).until(50), success(1)}).lock_kind, LockKind::kTemporary);
}

TEST(LockoutMirror, PositionsCompareTimeThenRankThenStatedThenLogIdThenHash) {
  const std::vector<Version> in_order = {failed(1).log_id("b"),
                                         failed(1).log_id("b").hash(1),
                                         failed(1).log_id("b").hash(0x80),
                                         failed(1).log_id("c"),
                                         failed(1).stated(0).log_id("a"),
                                         failed(1).stated(3).log_id("A"),
                                         failed(1).stated(3).log_id("a"),
                                         success(1).log_id("a"),
                                         reset(1).log_id("a"),
                                         locked(1).log_id("a"),
                                         failed(2).log_id("a")};
  for (std::size_t i = 0; i + 1 < in_order.size(); ++i) {
    EXPECT_LT(position_of(in_order[i]), position_of(in_order[i + 1])) << i;
  }
  EXPECT_EQ(position_of(failed(-5)).stated, -1);
}

TEST(LockoutMirror, LogIdsCompareAsUnsignedBytes) {
  EXPECT_LT(position_of(failed(1).log_id("z")), position_of(failed(1).log_id("\xc3\xa4")));
  EXPECT_LT(position_of(failed(1).log_id("a")), position_of(failed(1).log_id("a.")));
}

TEST(LockoutMirror, AConflictingVersionIsAnEventOfItsOwn) {
  const std::vector<Version> versions = {failed(1).log_id("a").hash(1), failed(1).log_id("a").hash(2)};
  EXPECT_EQ(after(versions).failed_login_attempts, 2);
  EXPECT_EQ(
      after({locked(1).log_id("a").hash(2).until(60), locked(1).log_id("a").hash(1).until(50)}).account_locked_until,
      60);
}

TEST(LockoutMerge, AnEventOlderThanItsRegisterChangesNothingButItsMaximum) {
  const ShownAccount in_order = after({failed(1), locked(2).until(50), reset(5)});
  EXPECT_EQ(after({reset(5), locked(2).until(50), failed(1)}), in_order);
}

TEST(LockoutMerge, EventsInOrderNeverAskForARecount) {
  AccountState state;
  for (UtcMicros time = 0; time < 100; ++time) {
    const std::vector<Version> batch = {failed(2 * time), time % 3 == 0 ? success(2 * time + 1) : failed(2 * time + 1)};
    ASSERT_EQ(merge(state, pointers(batch)), Recount::kNotNeeded);
  }
  EXPECT_EQ(shown(state).failed_login_attempts, 0);
}

TEST(LockoutMerge, ADefiningEventThatIsLateAsksForARecount) {
  AccountState state;
  const std::vector<Version> failures = {failed(1), failed(3), failed(4)};
  ASSERT_EQ(merge(state, pointers(failures)), Recount::kNotNeeded);
  const Version late = success(2);
  ASSERT_EQ(merge(state, {&late}), Recount::kNeeded);
  EXPECT_EQ(state.attempts->position.effective_at, 2);
  state.failures_after = 2;
  EXPECT_EQ(shown(state).failed_login_attempts, 2);
}

TEST(LockoutMerge, AFailureAtTheTimeOfTheDefiningEventLiesBeforeIt) {
  AccountState state;
  const Version failure = failed(2);
  const Version defining = failed(2).stated(5).log_id("other");
  merge(state, {&failure});
  EXPECT_EQ(merge(state, {&defining}), Recount::kNotNeeded);
  EXPECT_EQ(shown(state).failed_login_attempts, 5);
  EXPECT_EQ(after({defining, failure}).failed_login_attempts, 5);
}

TEST(LockoutMerge, AnOldDefiningEventAsksForNothing) {
  EXPECT_EQ(after({success(5), failed(6), success(3), failed(4).stated(9)}).failed_login_attempts, 1);
}

TEST(LockoutMerge, ABatchCountsItsOwnFailuresInWhateverOrderTheyStand) {
  std::vector<Version> batch = {failed(1), failed(4), success(2), failed(3), failed(2)};
  std::sort(batch.begin(), batch.end(),
            [](const Version& a, const Version& b) { return position_of(a) < position_of(b); });
  do {
    AccountState state;
    ASSERT_EQ(merge(state, pointers(batch)), Recount::kNotNeeded);
    ASSERT_EQ(shown(state).failed_login_attempts, 2);
  } while (std::next_permutation(batch.begin(), batch.end(),
                                 [](const Version& a, const Version& b) { return position_of(a) < position_of(b); }));
}

TEST(LockoutMerge, AMillionFailuresAreCountedWithoutOneRecount) {
  AccountState state;
  const Version failure = failed(7);
  const std::vector<const Version*> batch(1000, &failure);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(merge(state, batch), Recount::kNotNeeded);
  }
  EXPECT_EQ(shown(state).failed_login_attempts, 1'000'000);
  EXPECT_LT(encode_account_state(state).size(), 100U);
}

TEST(LockoutMerge, MarksAreLeftToTheStore) {
  AccountState state;
  state.marks[Uuid{1}] = {7, 8};
  const Version version = failed(1);
  merge(state, {&version});
  EXPECT_EQ(state.marks, (std::map<Uuid, AccountState::Mark>{{Uuid{1}, {7, 8}}}));
}

TEST(LockoutMerge, OnlyAFailureWithoutAStatedNumberIsUndefined) {
  EXPECT_TRUE(is_undefined_failure(Version(failed(1)).event));
  EXPECT_FALSE(is_undefined_failure(Version(failed(1).stated(0)).event));
  EXPECT_FALSE(is_undefined_failure(Version(success(1)).event));
  EXPECT_FALSE(is_undefined_failure(Version(VersionBuilder("logout", 1)).event));
}

TEST(LockoutAccounts, AFailureSpeaksToItsAccountAndTheOthersToBothNames) {
  const std::vector<Version> versions = {
      failed(1).name("Ann", "ann"), failed(2).without_user().name("Ann", "ann"),   success(3).name("Ann", "ann"),
      reset(4).name("Ann", "ann"),  locked(5).without_user().name(" ANN ", "ann"), locked(6)};
  const auto groups = by_account(pointers(versions));
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups.at({"t", "id:u"}),
            (std::vector<const Version*>{&versions[0], &versions[2], &versions[3], &versions[5]}));
  EXPECT_EQ(groups.at({"t", "name:ann"}),
            (std::vector<const Version*>{&versions[1], &versions[2], &versions[3], &versions[4]}));
}

TEST(LockoutAccounts, OtherEventTypesAndUnknownUsersTouchNoAccount) {
  const std::vector<Version> versions = {VersionBuilder("logout", 1), VersionBuilder("mfa_failed", 2),
                                         failed(3).without_user(), success(4).without_user()};
  EXPECT_TRUE(by_account(pointers(versions)).empty());
}

TEST(LockoutAccounts, AccountsOfDifferentTenantsAreDifferent) {
  std::vector<Version> versions = {failed(1), failed(1)};
  versions[1].event.tenant_id = "other";
  const auto groups = by_account(pointers(versions));
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups.begin()->first, (AccountKey{"other", "id:u"}));
}

}  // namespace
}  // namespace twinlog
