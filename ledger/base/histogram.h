// Counts values by fixed upper bounds, cheaply enough for every event: two atomic additions, no lock.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace twinlog {

/// What a histogram held at one moment.
struct HistogramReading {
  std::span<const std::uint64_t> bounds;
  std::vector<std::uint64_t> counts;  ///< How many values lie within each bound, and one more for those above all.
  std::uint64_t sum = 0;              ///< Of all values; may be a moment newer than the counts.
};

/// Callable from every thread.
class Histogram {
 public:
  static constexpr std::size_t kMostBounds = 20;

  /// `bounds` ascend, are at most kMostBounds, and outlive the histogram; a value equal to a bound lies within it.
  explicit Histogram(std::span<const std::uint64_t> bounds) : bounds_(bounds) {}

  void observe(std::uint64_t value) {
    std::size_t place = 0;
    while (place < bounds_.size() && value > bounds_[place]) {
      ++place;
    }
    counts_[place].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  HistogramReading read() const {
    HistogramReading reading{.bounds = bounds_, .counts = {}, .sum = sum_.load(std::memory_order_relaxed)};
    reading.counts.reserve(bounds_.size() + 1);
    for (std::size_t place = 0; place <= bounds_.size(); ++place) {
      reading.counts.push_back(counts_[place].load(std::memory_order_relaxed));
    }
    return reading;
  }

 private:
  std::span<const std::uint64_t> bounds_;
  std::array<std::atomic<std::uint64_t>, kMostBounds + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

/// For a histogram of kDurationBounds.
inline std::uint64_t micros_of(std::chrono::steady_clock::duration time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

/// Microseconds: from a fast disk's sync to a store's longest wait.
inline constexpr auto kDurationBounds =
    std::to_array<std::uint64_t>({100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000,
                                  1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000});
/// Events of a commit or a flush.
inline constexpr auto kSizeBounds =
    std::to_array<std::uint64_t>({1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000});
static_assert(kDurationBounds.size() <= Histogram::kMostBounds && kSizeBounds.size() <= Histogram::kMostBounds);

}  // namespace twinlog
