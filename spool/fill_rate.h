// How long until a spool is full at the rate of the last minute. Pure; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace twinlog {

class FillRate {
 public:
  static constexpr std::chrono::seconds kWindow{60};

  /// What the folder takes now. Times never go back.
  void note(std::chrono::steady_clock::time_point now, std::uint64_t bytes);
  /// What it has grown until now is no rate at which it fills.
  void forget() { notes_.clear(); }
  /// Nothing while the spool does not grow, or when fewer than two notes lie within the window.
  std::optional<std::chrono::seconds> until(std::uint64_t limit) const;

 private:
  struct Note {
    std::chrono::steady_clock::time_point at;
    std::uint64_t bytes;
  };
  std::deque<Note> notes_;
};

}  // namespace twinlog
