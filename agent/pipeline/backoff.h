// How long to wait after a failure. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace twinlog {

struct Backoff {
  std::chrono::milliseconds first{200};
  std::chrono::milliseconds most = std::chrono::seconds{30};
};

/// The ceiling after `failures` (>= 1) failures in a row: first, doubled each time, never above most.
constexpr std::chrono::milliseconds ceiling_after(const Backoff& backoff, unsigned failures) {
  const unsigned doublings = std::min(failures == 0 ? 0U : failures - 1U, 20U);
  return std::min(backoff.most, backoff.first * (std::int64_t{1} << doublings));
}

/// Full jitter: uniform between 0 and the ceiling, so that agents that failed together do not come back together.
/// `random` is any 64 random bits.
constexpr std::chrono::milliseconds delay_after(const Backoff& backoff, unsigned failures, std::uint64_t random) {
  const auto ceiling = ceiling_after(backoff, failures).count();
  return std::chrono::milliseconds{static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(ceiling) + 1U))};
}

static_assert(ceiling_after({}, 1) == std::chrono::milliseconds{200});
static_assert(ceiling_after({}, 2) == std::chrono::milliseconds{400});
static_assert(ceiling_after({}, 99) == std::chrono::seconds{30});

}  // namespace twinlog
