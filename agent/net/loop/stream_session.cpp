#include "agent/net/loop/stream_session.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "agent/net/loop/session_loop.h"

namespace twinlog {
namespace {

using boost::system::error_code;
using Socket = boost::asio::generic::stream_protocol::socket;

constexpr std::chrono::milliseconds kLingerMost{5000};
constexpr std::size_t kSentPrefixMost = 64U << 10U;  // Then the sent part of the answers is given back.
constexpr std::size_t kSmallBuffer = 64;             // Not worth accounting or giving back.

void give_back(std::string& buffer) {
  std::string().swap(buffer);
}

/// A string of its own accord doubles its room: what waits for its peer would count up to twice.
void append(std::string& buffer, std::string_view bytes) {
  const std::size_t needed = buffer.size() + bytes.size();
  if (needed > buffer.capacity()) {
    std::string grown;
    grown.reserve(needed + needed / 8);
    grown = buffer;
    buffer.swap(grown);
  }
  buffer.append(bytes);
}

std::size_t bytes_of(const std::string& buffer) {
  return buffer.capacity() <= kSmallBuffer ? 0 : buffer.capacity();
}

}  // namespace

StreamSession::StreamSession(SessionLoop& loop, Descriptor connection)
    : loop_(loop),
      socket_(loop.io()),
      not_adopted_(std::move(connection)),
      opened_at_(loop.now()),
      quiet_since_(opened_at_) {}

StreamSession::~StreamSession() = default;

void StreamSession::start() {
  error_code failed;
  // The address family matters only to open() and endpoints, which nobody asks for.
  socket_.assign(boost::asio::generic::stream_protocol(0, 0), not_adopted_.get(), failed);
  if (!failed) {
    not_adopted_.release();
    socket_.non_blocking(true, failed);
  }
  if (failed) {
    close();
    return;
  }
  on_readable();  // What came along with the connection is served before others can take its place.
}

void StreamSession::drain() {
  if (state_ == State::kOpen) {
    state_ = State::kEnding;
    proceed();
  } else if (state_ == State::kLingering) {
    close();
  }
}

void StreamSession::end(Ending ending) {
  if (state_ == State::kOpen || state_ == State::kEnding) {
    state_ = State::kEnding;
    ending_ = ending;
    give_back(pending_);
    unfinished_since_.reset();
  }
}

void StreamSession::close() {
  if (state_ == State::kClosed) {
    return;
  }
  const auto self = shared_from_this();
  state_ = State::kClosed;
  error_code ignored;
  socket_.close(ignored);
  not_adopted_.reset();
  give_back(pending_);
  give_back(unsent_);
  sent_ = 0;
  loop_.budget().leave(*this);
  Crowd::leave(*this);
  on_closed();
  loop_.forget(self);
}

void StreamSession::cut() {
  if (state_ == State::kClosed) {
    return;
  }
  note_cut();
  if (has_outstanding() && unsent_bytes() == 0 && state_ != State::kLingering) {
    end(Ending::kClose);
    account();
  } else {
    close();
  }
}

void StreamSession::give_way() {
  note_cut();
  close();
}

void StreamSession::note_cut() {
  if (!std::exchange(is_cut_, true)) {
    on_cut();
  }
}

void StreamSession::expire() {
  const auto self = shared_from_this();
  const bool unfinished = state_ == State::kOpen && unfinished_since_ && unsent_bytes() == 0;
  if (unfinished) {
    note_cut();
    on_unfinished();
    proceed();
  } else if (state_ == State::kLingering) {
    close();
  } else {
    cut();
  }
}

void StreamSession::resume() {
  if (unfinished_since_) {
    unfinished_since_ = loop_.now();  // The pause was ours.
  }
  arm_read();
  account();
}

void StreamSession::proceed() {
  if (state_ == State::kClosed) {
    return;
  }
  const auto self = shared_from_this();
  offer_pending();
  const bool was_full = !pending_.empty() && !wants_input();
  flush();
  if (state_ == State::kClosed) {
    return;
  }
  if (was_full && wants_input()) {
    proceed_later();
  } else if (state_ == State::kEnding && !has_outstanding() && unsent_bytes() == 0 && !proceeds_later_) {
    finish();
    return;
  }
  if (state_ == State::kLingering || (state_ == State::kOpen && wants_input())) {
    arm_read();
  }
  account();
}

/// After the others have had their turn: one peer's many requests in one packet must not hold them up.
void StreamSession::proceed_later() {
  if (!std::exchange(proceeds_later_, true)) {
    boost::asio::post(loop_.io(), [this, self = shared_from_this()] {
      proceeds_later_ = false;
      proceed();
    });
  }
}

void StreamSession::offer_pending() {
  while ((state_ == State::kOpen || state_ == State::kEnding) && !pending_.empty() && wants_input()) {
    const std::size_t taken = consume(pending_);
    if (taken == 0) {
      break;
    }
    pending_.erase(0, std::min(taken, pending_.size()));
  }
  if (pending_.empty()) {
    give_back(pending_);
  }
}

void StreamSession::arm_read() {
  if (reading_ || proceeds_later_ || state_ == State::kClosed) {
    return;
  }
  reading_ = true;
  socket_.async_wait(Socket::wait_read, [this, self = shared_from_this()](const error_code& failed) {
    reading_ = false;
    if (state_ == State::kClosed) {
      return;
    }
    if (failed) {
      close();
    } else if (state_ != State::kEnding) {
      on_readable();
    }
  });
}

void StreamSession::on_readable() {
  if (state_ == State::kOpen && !loop_.budget().make_room()) {
    if (state_ == State::kOpen) {
      loop_.budget().pause(*this);
      account();
    }
    return;
  }
  if (state_ == State::kOpen && (!wants_input() || proceeds_later_)) {
    account();  // proceed() reads on when that changes.
    return;
  }
  if (state_ != State::kOpen && state_ != State::kLingering) {
    return;
  }
  error_code failed;
  const auto scratch = loop_.scratch();
  const std::size_t size = socket_.read_some(boost::asio::buffer(scratch.data(), scratch.size()), failed);
  if (failed == boost::asio::error::would_block || failed == boost::asio::error::interrupted) {
    proceed();
  } else if (failed == boost::asio::error::eof && state_ == State::kOpen) {
    end(Ending::kClose);  // What is pending is the beginning of something that never ended.
    proceed();
  } else if (failed) {
    close();
  } else {
    Crowd::moved(*this);
    if (state_ == State::kOpen) {
      on_received(size);
      receive({scratch.data(), size});
    }
    proceed();
  }
}

void StreamSession::receive(std::string_view bytes) {
  if (!pending_.empty()) {
    append(pending_, bytes);
    return;  // proceed() offers it.
  }
  const std::size_t taken = consume(bytes);
  if (state_ == State::kOpen && taken < bytes.size()) {
    pending_.assign(bytes.substr(taken));
  }
}

void StreamSession::arm_write() {
  if (writing_) {
    return;
  }
  writing_ = true;
  socket_.async_wait(Socket::wait_write, [this, self = shared_from_this()](const error_code& failed) {
    writing_ = false;
    if (failed && state_ != State::kClosed) {
      close();
    } else {
      proceed();
    }
  });
}

void StreamSession::flush() {
  while (state_ != State::kClosed && unsent_bytes() > 0) {
    error_code failed;
    const std::size_t size = socket_.write_some(boost::asio::buffer(unsent_.data() + sent_, unsent_bytes()), failed);
    if (failed == boost::asio::error::would_block) {
      arm_write();
      unread_since_ = unread_since_.value_or(loop_.now());
      break;
    }
    if (failed && failed != boost::asio::error::interrupted) {
      close();
      return;
    }
    sent_ += size;
    Crowd::moved(*this);
    unread_since_.reset();
    quiet_since_ = loop_.now();
  }
  if (unsent_bytes() == 0) {
    give_back(unsent_);
    sent_ = 0;
    unread_since_.reset();
  } else if (sent_ > kSentPrefixMost) {
    unsent_.erase(0, sent_);
    sent_ = 0;
  }
}

void StreamSession::finish() {
  if (ending_ == Ending::kClose || loop_.is_stopping()) {
    close();
    return;
  }
  state_ = State::kLingering;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  quiet_since_ = loop_.now();
  arm_read();
  account();
}

void StreamSession::account() {
  if (state_ == State::kClosed) {
    return;
  }
  if (!pending_.empty() || holds_part()) {
    unfinished_since_ = unfinished_since_.value_or(loop_.now());
  } else {
    unfinished_since_.reset();
  }
  loop_.budget().update(*this, current_holding());
  if (Crowd::set_yielding(*this, yields())) {
    loop_.note_yielding();
  }
}

Holding StreamSession::current_holding() const {
  Holding holding;
  holding.bytes = bytes_of(pending_) + bytes_of(unsent_) + held_bytes();
  const auto limit = loop_.limits().unfinished;
  if (state_ == State::kLingering) {
    holding.waiting_since = quiet_since_;
    holding.due = quiet_since_ + std::min(limit, kLingerMost);
  } else if (unread_since_) {
    holding.waiting_since = unread_since_;
    holding.due = limits_unread_answers() ? std::optional(*unread_since_ + limit) : std::nullopt;
  } else if (unfinished_since_ && wants_input()) {
    holding.waiting_since = unfinished_since_;
    holding.due = reading_ ? std::optional(*unfinished_since_ + limit) : std::nullopt;
  } else if (limits_idling() && !has_outstanding()) {
    holding.waiting_since = quiet_since_;
    holding.due = quiet_since_ + limit;
  }
  if (limits_first_request() && !has_begun_anew_ && state_ == State::kOpen && reading_) {
    holding.due = std::min(holding.due.value_or(Time::max()), opened_at_ + loop_.limits().first);
  }
  return holding;
}

}  // namespace twinlog
