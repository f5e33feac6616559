#include "spool/holes.h"

#include <gmock/gmock.h>

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SpoolPositions with_holes() {
  SpoolPositions positions;
  positions.skipped = {{10, 19}};
  positions.acknowledged = {{{.leaves = {20, 24}}, {}}};
  positions.losses = {{.leaves = {3, 4}}, {.leaves = {40, 40}}};
  return positions;
}

TEST(Holes, OfAllKindsAreOneListInOrder) {
  EXPECT_THAT(known_holes(with_holes()), ElementsAre(LeafRange{3, 4}, LeafRange{10, 24}, LeafRange{40, 40}));
  EXPECT_THAT(known_holes({}), IsEmpty());
}

TEST(Holes, ReadingGoesOnBeyondThem) {
  const std::vector<LeafRange> holes = known_holes(with_holes());
  EXPECT_EQ(beyond_holes(holes, 1), 1U);
  EXPECT_EQ(beyond_holes(holes, 3), 5U);
  EXPECT_EQ(beyond_holes(holes, 4), 5U);
  EXPECT_EQ(beyond_holes(holes, 5), 5U);
  EXPECT_EQ(beyond_holes(holes, 17), 25U);
  EXPECT_EQ(beyond_holes(holes, 40), 41U);
  EXPECT_EQ(beyond_holes(holes, 99), 99U);
  EXPECT_EQ(beyond_holes({}, 7), 7U);
}

TEST(Holes, WhatIsMissingBesideThemIsFound) {
  const std::vector<LeafRange> holes = known_holes(with_holes());
  EXPECT_THAT(outside_holes(holes, {1, 50}),
              ElementsAre(LeafRange{1, 2}, LeafRange{5, 9}, LeafRange{25, 39}, LeafRange{41, 50}));
  EXPECT_THAT(outside_holes(holes, {11, 23}), IsEmpty());
  EXPECT_THAT(outside_holes(holes, {5, 9}), ElementsAre(LeafRange{5, 9}));
  EXPECT_THAT(outside_holes(holes, {9, 8}), IsEmpty());
}

}  // namespace
}  // namespace twinlog
