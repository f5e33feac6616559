#include "plugins/api/halving.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <set>

namespace twinlog {
namespace {

constexpr unsigned kSeed = 20261127;

/// Offers until the search is over; `is_refused` says whether one member is, given all before it that were taken.
/// Returns the number of offers.
template <typename IsRefused>
std::size_t offer_all(Halving& halving, IsRefused is_refused) {
  std::set<std::size_t> taken;
  std::size_t offers = 0;
  while (const auto part = halving.next()) {
    ++offers;
    std::set<std::size_t> with = taken;
    bool is_refusing = false;
    for (std::size_t member = part->begin; member < part->end && !is_refusing; ++member) {
      is_refusing = is_refused(member, with);
      with.insert(member);
    }
    if (is_refusing) {
      halving.refused();
    } else {
      halving.taken();
      taken = with;
    }
  }
  return offers;
}

TEST(Halving, FindsExactlyThoseAtFaultInTwoOffersForEachHalving) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t size = 1 + random() % 300;
    std::set<std::size_t> bad;
    for (std::size_t wanted = random() % 8; bad.size() < wanted && bad.size() < size;) {
      bad.insert(random() % size);
    }
    Halving halving(size);
    const std::size_t offers =
        offer_all(halving, [&](std::size_t member, const auto&) { return bad.contains(member); });
    EXPECT_EQ(halving.at_fault(), std::vector<std::size_t>(bad.begin(), bad.end()));
    EXPECT_EQ(halving.is_any_taken(), bad.size() < size);
    const auto halvings = static_cast<std::size_t>(std::bit_width(size - 1));
    EXPECT_LE(offers, 2 + 2 * bad.size() * halvings) << size << " with " << bad.size();
  }
}

TEST(Halving, OfAllAtFaultEachPartIsOfferedOnce) {
  Halving halving(1000);
  EXPECT_EQ(offer_all(halving, [](std::size_t, const auto&) { return true; }), 2U * 1000 - 2);
  EXPECT_EQ(halving.at_fault().size(), 1000U);
  EXPECT_FALSE(halving.is_any_taken());
}

TEST(Halving, WhatIsRefusedInCompanyOnlyIsFoundByTheLaterOfTheTwo) {
  std::mt19937 random(kSeed);
  for (int round = 0; round < 500; ++round) {
    const std::size_t size = 2 + random() % 100;
    const std::size_t first = random() % (size - 1);
    const std::size_t second = first + 1 + random() % (size - first - 1);
    Halving halving(size);
    offer_all(halving, [&](std::size_t member, const auto& with) { return member == second && with.contains(first); });
    EXPECT_EQ(halving.at_fault(), std::vector<std::size_t>{second});
  }
}

TEST(Halving, PartsComeFromFrontToBackAndTheNextOneStaysUntilItIsAnswered) {
  Halving halving(4);
  EXPECT_EQ(halving.next(), (Part{0, 2}));
  EXPECT_EQ(halving.next(), (Part{0, 2}));
  halving.refused();
  EXPECT_EQ(halving.next(), (Part{0, 1}));
  halving.taken();
  EXPECT_EQ(halving.next(), (Part{1, 2}));
  halving.refused();
  EXPECT_EQ(halving.next(), (Part{2, 4}));
  halving.taken();
  EXPECT_EQ(halving.next(), std::nullopt);
  EXPECT_EQ(Halving(0).next(), std::nullopt);
}

}  // namespace
}  // namespace twinlog
