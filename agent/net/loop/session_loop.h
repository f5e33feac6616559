// One thread with an event loop: listens, accepts, owns the open connections, ticks, stops.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "agent/net/loop/buffer_budget.h"
#include "agent/net/loop/crowd.h"
#include "agent/net/loop/listener.h"
#include "agent/net/loop/mailbox.h"
#include "ledger/base/clock.h"
#include "ledger/base/descriptor.h"
#include "ledger/base/thread_name.h"

namespace twinlog {

class StreamSession;

class SessionLoop {
 public:
  struct Limits {
    std::size_t connections = 0;              ///< Open at once, over all listeners.
    std::size_t buffered = 0;                 ///< Bytes that all connections hold together.
    std::chrono::milliseconds unfinished{0};  ///< How long a connection may leave something unfinished.
    std::chrono::milliseconds first{0};       ///< How long it has for its first request, where that is limited.
    const char* thread = "sessions";
  };
  /// Makes the session of an accepted connection; null refuses it.
  using Open = std::function<std::shared_ptr<StreamSession>(SessionLoop&, Descriptor)>;

  explicit SessionLoop(const Limits& limits);
  /// Stops at once where stop() was not called.
  ~SessionLoop();
  SessionLoop(const SessionLoop&) = delete;
  SessionLoop& operator=(const SessionLoop&) = delete;

  /// A way in that keeps so many of the connections for itself. It lives as long as the loop. Before start().
  Crowd& add_crowd(std::size_t kept);
  /// Where there is no room for a connection that comes, the rules of `crowd` say who gives way; where nobody does, it
  /// waits in the kernel's backlog. Before start().
  Status add_listener(Listener listener, Crowd& crowd, Open open);
  void start();
  /// As IntakeServer's three.
  void ask_to_stop(std::chrono::milliseconds grace);
  bool has_stopped() const { return has_ended_.load() || !thread_.joinable(); }
  void stop(std::chrono::milliseconds grace);
  std::chrono::steady_clock::time_point last_tick() const;

  // For the sessions, on the loop's thread.
  boost::asio::io_context& io() { return io_; }
  /// Where every read goes first, so that an idle connection needs no buffer of its own.
  std::span<char> scratch() { return scratch_; }
  BufferBudget& budget() { return budget_; }
  const Limits& limits() const { return limits_; }
  std::chrono::steady_clock::time_point now() const { return clock_.steady_now(); }
  UtcMicros utc_now() const { return clock_.utc_now(); }
  bool is_stopping() const { return stopping_; }
  /// One more may have to give way: who waited for that may come in.
  void note_yielding() { arm_all(); }
  /// A session that has closed takes itself off.
  void forget(const std::shared_ptr<StreamSession>& session);

  /// For other threads: the way back onto the loop's thread.
  std::shared_ptr<Mailbox> mailbox() const { return mailbox_; }

 private:
  struct Door {
    Door(boost::asio::io_context& io, Listener opened, Crowd& its_crowd, Open open_session)
        : listener(std::move(opened)), crowd(its_crowd), acceptor(io), open(std::move(open_session)) {}
    Listener listener;
    Crowd& crowd;
    boost::asio::posix::stream_descriptor acceptor;
    Open open;
    bool armed = false;
  };
  void arm(Door& door);
  void arm_all();
  void accept(Door& door);
  void admit(Door& door, Descriptor connection);
  bool has_room(const Crowd& crowd) const;
  bool can_admit(Crowd& crowd) const;
  void tick();
  void begin_stop(std::chrono::milliseconds grace);
  void close_after(std::chrono::milliseconds grace);
  void finish_stop();

  const Limits limits_;
  SystemClock clock_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer tick_timer_{io_};
  boost::asio::steady_timer grace_timer_{io_};
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(io_);
  std::array<char, 64U << 10U> scratch_{};
  BufferBudget budget_;
  std::vector<std::unique_ptr<Crowd>> crowds_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::set<std::shared_ptr<StreamSession>> sessions_;
  bool stopping_ = false;
  std::atomic<std::chrono::steady_clock::time_point::rep> last_tick_{0};
  std::atomic<bool> has_ended_{false};
  std::thread thread_;
};

}  // namespace twinlog
