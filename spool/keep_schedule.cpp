#include "spool/keep_schedule.h"

#include <algorithm>

namespace twinlog {

KeepSchedule::KeepSchedule(std::chrono::milliseconds keep)
    : keep_(keep), step_(std::max<std::chrono::milliseconds>(std::chrono::seconds{1}, keep / (kMostNotes - 2))) {}

void KeepSchedule::note(TimePoint now, std::uint64_t leaf) {
  if (keep_.count() == 0) {
    due_ = leaf;
    return;
  }
  if (notes_.empty() || now - notes_.back().at >= step_) {
    notes_.push_back({now, leaf});
  }
}

void KeepSchedule::rewind(std::uint64_t leaf) {
  due_ = std::min(due_, leaf);
  for (Note& note : notes_) {
    note.leaf = std::min(note.leaf, leaf);
  }
}

std::uint64_t KeepSchedule::due(TimePoint now) {
  while (!notes_.empty() && now - notes_.front().at >= keep_) {
    due_ = std::max(due_, notes_.front().leaf);
    notes_.pop_front();
  }
  return due_;
}

}  // namespace twinlog
