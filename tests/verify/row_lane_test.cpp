#include "ledger/verify/row_lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

namespace twinlog {
namespace {

LedgerRow row_of(std::size_t number, std::size_t metadata_bytes = 0) {
  LedgerRow row;
  row.version.leaf_index = number;
  row.version.event.log_id = "e" + std::to_string(number);
  if (metadata_bytes > 0) {
    row.version.event.metadata = std::string(metadata_bytes, 'm');
  }
  return row;
}

void hash(HashedRow& hashed) {
  hashed.key_digest = "digest of " + hashed.row.version.event.log_id;
}

TEST(RowLane, RowsComeOutHashedInTheirOrderHoweverLargeTheyAre) {
  constexpr std::size_t kRows = 5000;
  std::vector<std::uint64_t> taken;
  bool are_hashed = true;
  RowLane lane(hash, [&](HashedRow&& hashed) -> Status {
    taken.push_back(hashed.row.version.leaf_index);
    are_hashed = are_hashed && hashed.key_digest == "digest of " + hashed.row.version.event.log_id;
    return {};
  });
  for (std::size_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(lane.add(row_of(i, i % 500 == 0 ? 3U << 20U : 0)).ok());
  }
  ASSERT_TRUE(lane.finish().ok());
  ASSERT_EQ(taken.size(), kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    ASSERT_EQ(taken[i], i);
  }
  EXPECT_TRUE(are_hashed);
}

TEST(RowLane, WithoutRowsItEndsAtOnce) {
  RowLane lane(hash, [](HashedRow&& /*row*/) -> Status { return Error(ErrorKind::kInvalid, "nothing was given"); });
  EXPECT_TRUE(lane.finish().ok());
}

TEST(RowLane, WhatCannotBeTakenEndsTheReadingWithItsWords) {
  std::size_t taken = 0;
  RowLane lane(hash, [&taken](HashedRow&& /*row*/) -> Status {
    return ++taken == 300 ? Status(Error(ErrorKind::kFull, "no room")) : Status();
  });
  Status added;
  for (std::size_t i = 0; i < 1'000'000 && added.ok(); ++i) {
    added = lane.add(row_of(i));
  }
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().message(), "no room");
  EXPECT_EQ(added.error().kind(), ErrorKind::kFull);
  EXPECT_EQ(taken, 300U);
  EXPECT_FALSE(lane.finish().ok());
}

TEST(RowLane, TheLastRowsErrorIsThatOfTheEnd) {
  RowLane lane(hash, [](HashedRow&& hashed) -> Status {
    return hashed.row.version.leaf_index == 9 ? Status(Error(ErrorKind::kFull, "no room")) : Status();
  });
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(lane.add(row_of(i)).ok());
  }
  EXPECT_FALSE(lane.finish().ok());
}

TEST(RowLane, OneThatIsGivenUpHalfwayForgetsWhatIsOnItsWay) {
  std::atomic<std::size_t> taken{0};
  {
    RowLane lane(hash, [&taken](HashedRow&& /*row*/) -> Status {
      ++taken;
      return {};
    });
    for (std::size_t i = 0; i < 1000; ++i) {
      ASSERT_TRUE(lane.add(row_of(i)).ok());
    }
  }
  EXPECT_LT(taken, 1000U) << "the last batch was not full, and nobody handed it on";
}

TEST(HandOver, GivesNothingMoreOnceItIsStopped) {
  HandOver<int> way;
  EXPECT_TRUE(way.give({1}));
  way.stop();
  EXPECT_FALSE(way.give({2}));
  EXPECT_FALSE(way.take().has_value());
}

}  // namespace
}  // namespace twinlog
