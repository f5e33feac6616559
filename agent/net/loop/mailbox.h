// How another thread hands work to a loop that may already have ended.
#pragma once

#include <functional>
#include <mutex>

namespace boost::asio {
class io_context;
}

namespace twinlog {

/// Held by shared_ptr by whoever may call later than the loop lives. Callable from every thread.
class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& loop) : loop_(&loop) {}
  /// Runs `work` on the loop's thread; after close() it is dropped.
  void post(std::function<void()> work);
  /// The loop is about to go; waits for a post() under way.
  void close();

 private:
  std::mutex mutex_;
  boost::asio::io_context* loop_;
};

}  // namespace twinlog
