// When delivered events may go: remembers how far all stores had got at points of time, and says up to which leaf they
// have had everything for `keep`. In memory only: after a restart the time of keeping begins anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace twinlog {

/// Not safe for several threads at once. At most kMostNotes notes are kept, whatever `keep` is.
class KeepSchedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr int kMostNotes = 64;

  explicit KeepSchedule(std::chrono::milliseconds keep);

  /// At `now` all stores have everything up to `leaf`.
  void note(TimePoint now, std::uint64_t leaf);
  /// A store has gone back to `leaf`: nothing above it counts as delivered before now.
  void rewind(std::uint64_t leaf);
  /// The last leaf that all stores have had for `keep`; 0 when there is none yet.
  std::uint64_t due(TimePoint now);

 private:
  struct Note {
    TimePoint at;
    std::uint64_t leaf;
  };
  std::chrono::milliseconds keep_;
  std::chrono::milliseconds step_;
  std::deque<Note> notes_;
  std::uint64_t due_ = 0;
};

}  // namespace twinlog
