#include "agent/observe/disk_watch.h"

#include <ctime>

namespace twinlog {
namespace {

std::chrono::nanoseconds cpu_time_of_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

std::chrono::milliseconds DiskWatch::step() {
  std::uint64_t asked = 0;
  {
    const std::scoped_lock lock(mutex_);
    asked = asked_;
  }
  const auto began = cpu_time_of_thread();
  DiskReading reading = read();
  const auto took = cpu_time_of_thread() - began;
  {
    const std::scoped_lock lock(mutex_);
    reading_ = std::move(reading);
    told_ = asked;
    is_silent_ = false;
    not_before_ = parts_.clock.steady_now() + (kShare - 1) * took;
  }
  answered_.notify_all();
  return kGoodFor;
}

DiskReading DiskWatch::latest() {
  std::unique_lock lock(mutex_);
  if (is_good(reading_) || is_silent_ || parts_.clock.steady_now() < not_before_) {
    return reading_;
  }
  const std::uint64_t question = ++asked_;
  parts_.wait.wake();
  is_silent_ = !answered_.wait_for(lock, kPatience, [this, question] { return told_ >= question; });
  return reading_;
}

DiskReading DiskWatch::read() const {
  DiskReading reading;
  reading.at = parts_.clock.steady_now();
  reading.last_leaf = parts_.spool.last_leaf();
  for (const StoreId store : parts_.stores) {
    const auto place = static_cast<std::size_t>(store);
    reading.cursors.at(place) = parts_.spool.cursor(store);
    reading.backlogs.at(place) = parts_.spool.backlog(store);
  }
  for (std::size_t i = 0; i < kTransports; ++i) {
    reading.can_be_found.at(i) = parts_.intake.can_be_found(static_cast<Transport>(i));
  }
  reading.missing = parts_.spool.missing();
  return reading;
}

/// Whether nothing is known that it does not tell.
bool DiskWatch::is_good(const DiskReading& reading) const {
  bool is_same = parts_.spool.last_leaf() == reading.last_leaf;
  for (const StoreId store : parts_.stores) {
    is_same = is_same && parts_.spool.cursor(store) == reading.cursors.at(static_cast<std::size_t>(store));
  }
  return is_same && parts_.clock.steady_now() - reading.at < kGoodFor;
}

}  // namespace twinlog
