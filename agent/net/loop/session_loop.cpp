#include "agent/net/loop/session_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "agent/net/loop/stream_session.h"

namespace twinlog {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr int kAcceptedAtOnce = 64;  // Then the other connections have their turn.

}  // namespace

SessionLoop::SessionLoop(const Limits& limits) : limits_(limits), budget_(limits.buffered) {}

SessionLoop::~SessionLoop() {
  stop(std::chrono::milliseconds{0});
}

Status SessionLoop::add_listener(Listener listener, Open open) {
  auto door = std::make_unique<Door>(io_, std::move(listener), std::move(open));
  boost::system::error_code failed;
  door->acceptor.assign(door->listener.descriptor.get(), failed);
  if (failed) {
    return Error(ErrorKind::kRefused, "cannot wait on " + door->listener.address + ": " + failed.message());
  }
  door->listener.descriptor.release();
  doors_.push_back(std::move(door));
  return {};
}

void SessionLoop::start() {
  last_tick_ = now().time_since_epoch().count();
  thread_ = std::thread([this] {
    name_this_thread(limits_.thread);
    arm_all();
    tick();
    io_.run();
    has_ended_ = true;
  });
}

void SessionLoop::ask_to_stop(std::chrono::milliseconds grace) {
  mailbox_->post([this, grace] { begin_stop(grace); });
}

void SessionLoop::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) {
    return;
  }
  ask_to_stop(grace);
  thread_.join();
  mailbox_->close();
}

std::chrono::steady_clock::time_point SessionLoop::last_tick() const {
  return std::chrono::steady_clock::time_point(std::chrono::steady_clock::duration(last_tick_.load()));
}

void SessionLoop::arm_all() {
  for (const auto& door : doors_) {
    arm(*door);
  }
}

void SessionLoop::arm(Door& door) {
  if (door.armed || stopping_ || sessions_.size() >= limits_.connections) {
    return;
  }
  door.armed = true;
  door.acceptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this, &door](const boost::system::error_code& failed) {
                             door.armed = false;
                             if (!failed && !stopping_) {
                               accept(door);
                             }
                           });
}

void SessionLoop::accept(Door& door) {
  for (int i = 0; i < kAcceptedAtOnce && sessions_.size() < limits_.connections; ++i) {
    Descriptor connection(::accept4(door.acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection.is_open()) {
      admit(door, std::move(connection));
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return;  // The next tick, or a connection that closes, tries again: waiting now would spin.
    }
  }
  arm(door);
}

void SessionLoop::admit(Door& door, Descriptor connection) {
  if (door.listener.family == Listener::Family::kTcp) {
    const int on = 1;
    // Answers are written whole; without effect on a connection that is gone already.
    static_cast<void>(::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
  }
  const std::shared_ptr<StreamSession> session = door.open(*this, std::move(connection));
  if (session) {
    sessions_.insert(session);
    session->start();
  }
}

void SessionLoop::forget(const std::shared_ptr<StreamSession>& session) {
  sessions_.erase(session);
  if (stopping_) {
    if (sessions_.empty()) {
      finish_stop();
    }
    return;
  }
  arm_all();
}

void SessionLoop::tick() {
  last_tick_ = now().time_since_epoch().count();
  budget_.expire_due(now());
  if (stopping_ && sessions_.empty()) {
    return;
  }
  arm_all();
  tick_timer_.expires_after(std::clamp(limits_.unfinished / 4, std::chrono::milliseconds{10}, kTick));
  tick_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) {
      tick();
    }
  });
}

void SessionLoop::begin_stop(std::chrono::milliseconds grace) {
  if (stopping_) {
    if (!sessions_.empty()) {
      close_after(grace);
    }
    return;
  }
  stopping_ = true;
  for (const auto& door : doors_) {
    boost::system::error_code ignored;
    door->acceptor.close(ignored);
    door->listener.file = SocketFile();
  }
  close_after(grace);
  const std::vector<std::shared_ptr<StreamSession>> open(sessions_.begin(), sessions_.end());
  std::for_each(open.begin(), open.end(), [](const auto& session) { session->drain(); });
  if (sessions_.empty()) {
    finish_stop();
  }
}

void SessionLoop::close_after(std::chrono::milliseconds grace) {
  grace_timer_.expires_after(grace);
  grace_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) {
      const std::vector<std::shared_ptr<StreamSession>> open(sessions_.begin(), sessions_.end());
      std::for_each(open.begin(), open.end(), [](const auto& session) { session->close(); });
    }
  });
}

void SessionLoop::finish_stop() {
  tick_timer_.cancel();
  grace_timer_.cancel();
}

}  // namespace twinlog
