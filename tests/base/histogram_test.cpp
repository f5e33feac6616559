#include "ledger/base/histogram.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

namespace twinlog {
namespace {

constexpr auto kBounds = std::to_array<std::uint64_t>({1, 10, 100});

TEST(Histograms, StartWithNothing) {
  const HistogramReading reading = Histogram(kBounds).read();
  EXPECT_EQ(reading.counts, (std::vector<std::uint64_t>{0, 0, 0, 0}));
  EXPECT_EQ(reading.sum, 0U);
}

TEST(Histograms, CountAValueWithinTheLeastBoundThatIsNotBelowIt) {
  Histogram histogram(kBounds);
  for (const std::uint64_t value : {0U, 1U, 2U, 10U, 11U, 100U, 101U, 5000U}) {
    histogram.observe(value);
  }
  EXPECT_EQ(histogram.read().counts, (std::vector<std::uint64_t>{2, 2, 2, 2}));
  EXPECT_EQ(histogram.read().sum, 5225U);
}

TEST(Histograms, LoseNothingWhenThreadsCountAtOnce) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kTimes = 10'000;
  Histogram histogram(kBounds);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&histogram] {
      for (std::uint64_t value = 0; value < kTimes; ++value) {
        histogram.observe(value);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const HistogramReading reading = histogram.read();
  EXPECT_EQ(std::accumulate(reading.counts.begin(), reading.counts.end(), std::uint64_t{0}), kThreads * kTimes);
  EXPECT_EQ(reading.sum, kThreads * (kTimes * (kTimes - 1) / 2));
}

}  // namespace
}  // namespace twinlog
