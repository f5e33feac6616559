#include "spool/fill_rate.h"

#include <cmath>

namespace twinlog {

using std::chrono::seconds;

void FillRate::note(std::chrono::steady_clock::time_point now, std::uint64_t bytes) {
  notes_.push_back({now, bytes});
  while (now - notes_.front().at > kWindow) {
    notes_.pop_front();
  }
}

std::optional<seconds> FillRate::until(std::uint64_t limit) const {
  if (notes_.size() < 2 || notes_.back().bytes <= notes_.front().bytes) {
    return std::nullopt;
  }
  const std::uint64_t now = notes_.back().bytes;
  if (now >= limit) {
    return seconds{0};
  }
  const std::chrono::duration<double> passed = notes_.back().at - notes_.front().at;
  const double left = static_cast<double>(limit - now);
  const double grown = static_cast<double>(now - notes_.front().bytes);
  constexpr double kLongest = 1e9;  // Thirty years: nobody has to act.
  const double wait = left / grown * passed.count();
  return wait > kLongest ? std::nullopt : std::optional(seconds{static_cast<std::int64_t>(std::floor(wait))});
}

}  // namespace twinlog
