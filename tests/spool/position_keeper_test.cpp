#include "spool/position_keeper.h"

#include <gtest/gtest.h>

namespace twinlog {
namespace {

TEST(PositionKeeper, WhatIsBeingWrittenIsSeenAfterwardsAndNobodyWaitsForIt) {
  PositionKeeper keeper({}, std::chrono::milliseconds{0}, {StoreId::kPostgres});
  const Status failed = keeper.update([&keeper](SpoolPositions& positions) -> Status {
    positions.skipped_to = 7;
    // Here the disk may hang.
    EXPECT_EQ(keeper.now().skipped_to, 0U);
    return Error(ErrorKind::kTransient, "the disk is full");
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(keeper.now().skipped_to, 7U);
}

TEST(PositionKeeper, MovesAndTrimsAreSeenAtOnce) {
  PositionKeeper keeper({}, std::chrono::milliseconds{0}, {StoreId::kPostgres});
  EXPECT_EQ(keeper.move(StoreId::kPostgres, 9, 20).target, 9U);
  EXPECT_EQ(keeper.now().cursors.at(static_cast<std::size_t>(StoreId::kPostgres)), 9U);
  const std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
  EXPECT_EQ(keeper.raise_first_kept(now, 20, false), 10U);
  EXPECT_EQ(keeper.now().first_kept, 10U);
}

}  // namespace
}  // namespace twinlog
