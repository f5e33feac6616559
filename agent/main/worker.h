// A thread around a plain object: step, sleep, step. Nothing else of ours starts a thread but the two network servers.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "ledger/base/thread_name.h"
#include "ledger/base/wakeup.h"

namespace twinlog {

/// Calls `step` until stop(); between two calls it sleeps for what the step returned, or until woken.
class Worker {
 public:
  using Step = std::function<std::chrono::milliseconds()>;

  Worker(const char* name, Wakeup& wakeup, Step step) : name_(name), wakeup_(wakeup), step_(std::move(step)) {}
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      name_this_thread(name_);
      while (!stop.stop_requested()) {
        const auto wait = step_();
        if (wait.count() > 0 && !stop.stop_requested()) {
          wakeup_.wait_for(wait);
        }
      }
      has_ended_.store(true);
    });
  }

  /// Asks the thread to end after its present step; does not wait.
  void ask_to_stop() {
    thread_.request_stop();
    wakeup_.wake();
  }
  bool has_ended() const { return has_ended_.load() || !thread_.joinable(); }

  /// Ends the thread and waits for it. May be called twice.
  void stop() {
    if (thread_.joinable()) {
      ask_to_stop();
      thread_.join();
    }
  }

 private:
  const char* const name_;
  Wakeup& wakeup_;
  Step step_;
  std::atomic<bool> has_ended_{false};
  std::jthread thread_;
};

}  // namespace twinlog
