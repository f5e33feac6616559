#include "agent/pipeline/reservoir.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/simulation.h"

namespace twinlog {
namespace {

constexpr std::size_t kPlaces = 100;
constexpr std::uint64_t kPassing = 10'000;

class CountingRandom final : public Random {
 public:
  explicit CountingRandom(std::uint64_t seed) : seeded_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override {
    seeded_.fill(bytes);
    ++asked;
  }
  std::uint64_t asked = 0;

 private:
  testing::SeededRandom seeded_;
};

/// The numbers that are in the sample after 0 to kPassing - 1 have come.
std::vector<std::uint64_t> sample_of(CountingRandom& random) {
  std::vector<std::uint64_t> sample;
  ReservoirTurns turns(kPlaces, random);
  for (std::uint64_t number = 0; number < kPassing; ++number) {
    if (sample.size() < kPlaces) {
      sample.push_back(number);
    } else if (const auto place = turns.pass()) {
      sample.at(*place) = number;
    }
  }
  return sample;
}

// Each tenth of what passed has a tenth of the places, as 200 samples have it: 2,000 places, with a spread of 42.
TEST(Reservoir, WhatCameEarlyAndWhatCameLateAreKeptAlike) {
  std::array<int, 10> kept{};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CountingRandom random(seed);
    for (const std::uint64_t number : sample_of(random)) {
      ++kept.at(number * kept.size() / kPassing);
    }
  }
  for (const int each : kept) {
    EXPECT_NEAR(each, 2'000, 5 * 42);
  }
}

TEST(Reservoir, EveryPlaceIsTakenAlike) {
  std::array<int, kPlaces> taken{};
  CountingRandom random(1);
  for (int round = 0; round < 200; ++round) {
    ReservoirTurns turns(kPlaces, random);
    for (std::uint64_t number = kPlaces; number < kPassing; ++number) {
      if (const auto place = turns.pass()) {
        ++taken.at(*place);
      }
    }
  }
  for (const int each : taken) {  // 100 * ln(100) = 460 turns a round: 921 for each place, with a spread of 30.
    EXPECT_NEAR(each, 921, 5 * 31);
  }
}

TEST(Reservoir, ChanceIsAskedForOnlyWhereOneIsTaken) {
  CountingRandom random(7);
  sample_of(random);
  EXPECT_LT(random.asked, 3 * 700U);  // Of 9,900 that pass by, 460 are taken.
  EXPECT_GT(random.asked, 3 * 300U);
}

}  // namespace
}  // namespace twinlog
