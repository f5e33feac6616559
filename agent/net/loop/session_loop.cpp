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
constexpr std::size_t kAcceptedAtOnce = 64;  // Then the other connections have their turn.

// A peer that vanished without a word is noticed after about two minutes.
constexpr int kKeepaliveIdleSeconds = 60;
constexpr int kKeepaliveIntervalSeconds = 15;
constexpr int kKeepaliveProbes = 4;

/// Without effect on a connection that is gone already.
void set_option(const Descriptor& connection, int level, int option, int value) {
  static_cast<void>(::setsockopt(connection.get(), level, option, &value, sizeof(value)));
}

void set_tcp_options(const Descriptor& connection) {
  set_option(connection, IPPROTO_TCP, TCP_NODELAY, 1);  // Answers are written whole.
  set_option(connection, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(connection, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set_option(connection, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set_option(connection, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

}  // namespace

SessionLoop::SessionLoop(const Limits& limits) : limits_(limits), budget_(limits.buffered) {}

SessionLoop::~SessionLoop() {
  stop(std::chrono::milliseconds{0});
}

Crowd& SessionLoop::add_crowd(std::size_t kept) {
  crowds_.push_back(std::make_unique<Crowd>(kept));
  return *crowds_.back();
}

Status SessionLoop::add_listener(Listener listener, Crowd& crowd, Open open) {
  auto door = std::make_unique<Door>(io_, std::move(listener), crowd, std::move(open));
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
  if (door.armed || stopping_ || !can_admit(door.crowd)) {
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
  // Never so many that those who have just come must give way before they had a turn.
  const std::size_t most = std::clamp<std::size_t>(limits_.connections / 4, 1, kAcceptedAtOnce);
  for (std::size_t i = 0; i < most && can_admit(door.crowd); ++i) {
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
    set_tcp_options(connection);
  }
  const std::shared_ptr<StreamSession> session = door.open(*this, std::move(connection));
  if (session) {
    Crowd::Member* giving_way = nullptr;
    while (!has_room(door.crowd) && (giving_way = door.crowd.silent_longest()) != nullptr) {
      giving_way->give_way();
    }
    sessions_.insert(session);
    door.crowd.enter(*session);
    session->start();
  }
}

bool SessionLoop::has_room(const Crowd& crowd) const {
  std::size_t kept_by_others = 0;
  for (const auto& other : crowds_) {
    kept_by_others += other.get() == &crowd ? 0 : other->kept();
  }
  return sessions_.size() < limits_.connections && crowd.open() + kept_by_others < limits_.connections;
}

bool SessionLoop::can_admit(Crowd& crowd) const {
  const bool can = has_room(crowd) || crowd.silent_longest() != nullptr;
  crowd.set_full(!can);
  return can;
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
  std::for_each(crowds_.begin(), crowds_.end(), [this](const auto& crowd) { can_admit(*crowd); });
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
