// How many answers of each status a server has given.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace twinlog {

/// `kStatuses` lists every status that the server answers with, 500 among them. Written by the server's thread, read by
/// any.
template <const auto& kStatuses>
struct StatusCounters {
  std::array<std::atomic<std::uint64_t>, kStatuses.size()> answered{};

  void add(unsigned status) {
    const auto found = std::find(kStatuses.begin(), kStatuses.end(), status);
    // Unlisted there is none; should one come, it is a fault of ours.
    const auto place = std::find(kStatuses.begin(), kStatuses.end(), 500U);
    ++answered.at(static_cast<std::size_t>((found == kStatuses.end() ? place : found) - kStatuses.begin()));
  }
};

}  // namespace twinlog
