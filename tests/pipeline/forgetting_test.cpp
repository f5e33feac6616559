// A store whose position is lower than the cursor, missing, or higher than anything the spool gave out
// (docs/STORES.md).
#include "tests/pipeline/rig.h"
#include "tests/spool/faulty_file_system.h"

namespace twinlog::testing {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

RocksSpoolSettings without_keeping() {
  RocksSpoolSettings settings;
  settings.keep_delivered = 0ms;
  return settings;
}

std::optional<UtcMicros> incomplete_since(const Rig& rig) {
  return rig.spool->stats().incomplete_since[static_cast<std::size_t>(StoreId::kPostgres)];
}

TEST(Forgetting, AStoreThatForgotGetsBackWhatTheSpoolStillHas) {
  Rig rig;
  rig.submit("one");
  rig.submit("two");
  rig.run_for(1s);
  rig.postgres.forget_above(1);
  rig.submit("three");
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids(), (std::vector<std::string>{"one", "three", "two"}));
  EXPECT_EQ(rig.to_postgres->status().rewinds, 1U);
  EXPECT_FALSE(rig.spool->stats().incomplete_since[0].has_value());
  EXPECT_EQ(rig.to_mongodb->status().rewinds, 0U);
}

TEST(Forgetting, AnIdleCourierNoticesAStoreThatForgotWhileTheSpoolStillHasIt) {
  Rig rig;
  rig.submit("one");
  rig.submit("two");
  rig.run_for(1min);
  rig.postgres.forget_silently(0);
  rig.run_for(1min);
  EXPECT_EQ(rig.postgres.log_ids(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(rig.to_postgres->status().rewinds, 1U);
  EXPECT_EQ(rig.log.count("store_connected"), 2U);
}

TEST(Forgetting, ALostReplyIsNoCloneOfTheSpool) {
  Rig rig;
  rig.submit("one");
  rig.run_for(1s);
  rig.postgres.lose_replies(1);
  rig.submit("two");
  rig.run_for(31s);
  EXPECT_FALSE(rig.to_postgres->status().is_position_ahead);
  EXPECT_EQ(rig.postgres.log_ids(), (std::vector<std::string>{"one", "two"}));
}

TEST(Forgetting, AHigherPositionIsAnAlarmAndNothingElse) {
  Rig rig;
  rig.submit("one");
  rig.run_for(1s);
  rig.postgres.set_position(100);
  rig.submit("two");
  rig.run_for(31s);
  EXPECT_TRUE(rig.to_postgres->status().is_position_ahead);
  EXPECT_TRUE(rig.log.has("store_position_ahead"));
  EXPECT_EQ(rig.postgres.log_ids(), (std::vector<std::string>{"one", "two"}));
}

TEST(Forgetting, ALossThatTheSpoolCannotKeepInMindHoldsTheStoreUntilItCan) {
  constexpr std::uint64_t kForEver = 1'000'000'000;
  FaultyDisk disk;
  RocksSpoolSettings settings = without_keeping();
  settings.env = disk.env.get();
  Rig rig(settings);
  rig.submit("one");
  rig.submit("two");
  rig.run_for(1min);
  ASSERT_EQ(rig.submit("three"), Disposition::kStored);
  disk.files->fail(Step::kSync, kForEver, rocksdb::IOStatus::IOError("planted"));
  ASSERT_EQ(rig.submit("four"), Disposition::kBusy);
  rig.postgres.forget_above(0);
  rig.let_disk_fail();
  rig.run_for(2min);
  EXPECT_EQ(rig.postgres.log_ids(), Ids{});
  disk.files->fail(Step::kSync, 0, rocksdb::IOStatus::OK());
  rig.run_for(2min);
  rig.restart();
  EXPECT_TRUE(incomplete_since(rig).has_value());
  EXPECT_EQ(rig.postgres.log_ids().back(), "three");
}

TEST(Forgetting, WhatIsOlderThanTheSpoolIsIncompleteSinceTheTimeOfThePositionAlsoAfterARestart) {
  Rig rig(without_keeping());
  rig.submit("one");
  rig.run_for(5s);
  const UtcMicros of_the_first = rig.postgres.position()->newest_effective_at;
  ASSERT_EQ(of_the_first, 1'790'000'000'000'000);
  rig.submit("two");
  rig.run_for(5s);
  ASSERT_EQ(rig.spool->stats().first_kept_leaf, 3U);
  rig.postgres.forget_above(1, of_the_first);
  rig.submit("three");
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids(), (Ids{"one", "three"}));
  EXPECT_EQ(incomplete_since(rig), of_the_first);
  EXPECT_NE(rig.log.text().find("incomplete_since=2026-09-21T14:13:20Z"), std::string::npos) << rig.log.text();
  rig.restart();
  EXPECT_EQ(incomplete_since(rig), of_the_first);
  EXPECT_FALSE(rig.spool->stats().incomplete_since[static_cast<std::size_t>(StoreId::kMongodb)].has_value());
}

TEST(Forgetting, WithoutAnyPositionTheStoreIsIncompleteSinceTheEpochBegan) {
  Rig rig(without_keeping());
  const UtcMicros beginning = rig.clock.utc_now();
  rig.submit("one");
  rig.run_for(1h);
  rig.postgres.forget_silently(0);
  rig.run_for(1min);
  ASSERT_TRUE(incomplete_since(rig).has_value());
  EXPECT_EQ(*incomplete_since(rig), beginning / 1000 * 1000);
}

TEST(Forgetting, TheEarliestLossIsKept) {
  Rig rig(without_keeping());
  rig.submit("one");
  rig.run_for(5s);
  rig.postgres.forget_above(0);
  rig.submit("two");
  rig.run_for(31s);
  const auto first = incomplete_since(rig);
  ASSERT_TRUE(first.has_value());
  rig.submit("three");
  rig.run_for(31s);
  rig.postgres.forget_above(2, rig.clock.utc_now());
  rig.submit("four");
  rig.run_for(31s);
  EXPECT_EQ(rig.to_postgres->status().rewinds, 2U);
  EXPECT_EQ(incomplete_since(rig), first);
}

TEST(Forgetting, ALossThatLeavesNothingToSendIsSaidOnceAndNotAtEveryProbe) {
  Rig rig(without_keeping());
  rig.submit("one");
  rig.run_for(1min);
  rig.postgres.forget_silently(0);
  rig.run_for(1h);
  EXPECT_EQ(rig.log.count("store_forgot"), 1U);
  EXPECT_EQ(rig.to_postgres->status().rewinds, 1U);
  rig.submit("two");
  rig.run_for(1min);
  rig.postgres.forget_silently(0);
  rig.run_for(1h);
  EXPECT_EQ(rig.log.count("store_forgot"), 2U);
}

TEST(Forgetting, AHigherPositionIsSaidOnceAndHoldsNothingUp) {
  Rig rig;
  rig.submit("one");
  rig.run_for(1s);
  rig.postgres.set_position(100);
  rig.run_for(1h);
  EXPECT_EQ(rig.log.count("store_position_ahead"), 1U);
  rig.submit("two");
  EXPECT_EQ(rig.spool->last_leaf(), 2U);
  rig.run_for(31s);
  EXPECT_EQ(rig.postgres.log_ids(), (Ids{"one", "two"}));
  EXPECT_TRUE(rig.to_postgres->status().is_position_ahead);
  EXPECT_EQ(rig.to_postgres->backlog() + rig.to_mongodb->backlog(), 0U);
  EXPECT_EQ(rig.to_postgres->status().rewinds, 0U);
}

TEST(Forgetting, APositionThatNoSpoolEverGaveOutIsAnAlarmAndChangesNothing) {
  Rig rig;
  rig.submit("one");
  rig.run_for(1s);
  rig.postgres.set_position(1ULL << 62U);
  rig.submit("two");
  rig.run_for(31s);
  EXPECT_TRUE(rig.to_postgres->status().is_position_ahead);
  EXPECT_EQ(rig.spool->last_leaf(), 2U);
  EXPECT_EQ(rig.postgres.log_ids(), (Ids{"one", "two"}));
}

TEST(Forgetting, ATableThatWasMadeAnewBesideItsPositionGetsBackWhatTheSpoolHasAndTheRestIsSaid) {
  Rig rig;
  for (int i = 0; i < 5; ++i) {
    rig.submit("event-" + std::to_string(i));
  }
  rig.run_for(1s);
  rig.postgres.empty_records();
  rig.run_for(1min);
  EXPECT_EQ(rig.postgres.log_ids().size(), 5U);
  EXPECT_EQ(rig.to_postgres->status().rewinds, 1U);
  EXPECT_EQ(rig.log.count("store_forgot"), 1U);
  EXPECT_EQ(rig.spool->delivered_before(StoreId::kPostgres), 5U);
  EXPECT_FALSE(rig.spool->stats().incomplete_since[0].has_value()) << "all of it came back";
}

TEST(Forgetting, WhereSomebodyDeletesWhatArrivesItIsNotSentForEver) {
  Rig rig;
  rig.submit("event");
  rig.run_for(1s);
  for (int minute = 0; minute < 9; ++minute) {
    rig.postgres.empty_records();
    rig.run_for(1min);
  }
  EXPECT_EQ(rig.to_postgres->status().rewinds, 1U);
}

}  // namespace
}  // namespace twinlog::testing
