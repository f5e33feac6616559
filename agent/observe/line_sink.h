// Where lines of the log leave the process, on the log's own thread. Inner to agent/observe.
#pragma once

#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace twinlog {

/// Writes whole lines to a descriptor, and waits in there for as long as nobody takes them: the queue in front of it
/// then loses its oldest ones. How many were lost is told before the first line that gets out again.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  enum class Priority : std::uint8_t { kNone, kPrefix };  ///< kPrefix: "<3>" before an error, as sd-daemon(3) wants.

  /// `lost_line` is the payload of the line that tells the count.
  LineSink(int descriptor, Priority priority, std::function<std::string(std::uint64_t)> lost_line)
      : descriptor_(descriptor), priority_(priority), lost_line_(std::move(lost_line)) {}

  /// The queue that feeds it, before the first line.
  void set_queue(spdlog::details::thread_pool& queue) { queue_ = &queue; }
  /// Until so many lines were written or lost, for `most`. Whether they were.
  bool wait_for(std::uint64_t lines, std::chrono::milliseconds most);

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  bool write(const spdlog::details::log_msg& message);
  void tell_lost(const spdlog::details::log_msg& before);

  const int descriptor_;
  const Priority priority_;
  const std::function<std::string(std::uint64_t)> lost_line_;
  spdlog::details::thread_pool* queue_ = nullptr;
  std::uint64_t unwritten_ = 0;  ///< Refused by the descriptor.
  std::uint64_t told_ = 0;       ///< Of the lost ones.
  std::mutex mutex_;             ///< For what follows.
  std::condition_variable changed_;
  std::uint64_t handled_ = 0;
};

}  // namespace twinlog
