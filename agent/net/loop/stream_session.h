// One connection: reads into the loop's scratch buffer, keeps what a protocol could not take yet, writes answers, and
// accounts for both. What is spoken on it is the derived class's.
//
// Invariants
//  1. An idle connection holds no buffer.
//  2. Nothing is read while the protocol does not want input, while a peer does not read its answers (the protocol
//     stops wanting input), or while the loop's buffers are full.
//  3. A session lives while the loop or an operation of its own holds it; others hold it weakly and only lock it on the
//     loop's thread. After close() nothing touches the socket.
// The loop's thread only.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/net/loop/buffer_budget.h"
#include "agent/net/loop/crowd.h"
#include "ledger/base/descriptor.h"

namespace twinlog {

class SessionLoop;

/// How a session ends once everything is answered. kLinger: half-closes and discards what still arrives for a moment,
/// so that the peer can read the answer instead of a reset (RFC 9112 section 9.6).
enum class Ending { kClose, kLinger };

class StreamSession : public std::enable_shared_from_this<StreamSession>,
                      public BufferBudget::Member,
                      public Crowd::Member {
 public:
  StreamSession(SessionLoop& loop, Descriptor connection);
  ~StreamSession() override;
  StreamSession(const StreamSession&) = delete;
  StreamSession& operator=(const StreamSession&) = delete;

  void start();
  /// Reads no more; what was read completely is answered; then closes.
  void drain();
  void close();

  void cut() override;
  void expire() override;
  void resume() override;
  void give_way() override;

 protected:
  using Time = std::chrono::steady_clock::time_point;

  /// Takes what it can from the front of `bytes` and says how much. What it leaves is offered again, with more behind
  /// it, when more came or after proceed().
  virtual std::size_t consume(std::string_view bytes) = 0;
  virtual bool wants_input() const = 0;
  /// Whether an answer is still to come from elsewhere (then proceed() will be called).
  virtual bool has_outstanding() const = 0;
  /// Whether it holds the beginning of something beyond the unconsumed bytes.
  virtual bool holds_part() const { return false; }
  /// Bytes held beyond unconsumed input and unsent answers.
  virtual std::size_t held_bytes() const = 0;
  /// Whether a peer that reads no answers is cut in time (else only when buffers run short).
  virtual bool limits_unread_answers() const { return false; }
  /// Whether a connection is cut in time on which no answer leaves and no request begins.
  virtual bool limits_idling() const { return false; }
  /// Whether the first request has to be whole in time (SessionLoop::Limits::first).
  virtual bool limits_first_request() const { return false; }
  /// Whether it may be closed for a new connection.
  virtual bool yields() const { return false; }
  /// Time is up for something unfinished. May send a last answer and end().
  virtual void on_unfinished() { cut(); }
  virtual void on_received(std::size_t bytes) = 0;
  virtual void on_cut() = 0;  ///< A limit ends the connection; called once.
  virtual void on_closed() = 0;

  SessionLoop& loop() { return loop_; }
  bool is_open() const { return state_ == State::kOpen; }
  /// Queues bytes; they leave with the next proceed(), which every entry into the session ends with.
  void send(std::string_view bytes) { unsent_.append(bytes); }
  std::size_t unsent_bytes() const { return unsent_.size() - sent_; }
  /// A line or request was complete: what follows begins anew.
  void begin_anew() {
    unfinished_since_.reset();
    has_begun_anew_ = true;
  }
  /// Reads no more, forgets unconsumed input, ends once everything is answered.
  void end(Ending ending);
  /// Goes on: consumes, writes, reads, ends, and accounts. After every change from outside.
  void proceed();

 private:
  enum class State { kOpen, kEnding, kLingering, kClosed };
  void proceed_later();
  void arm_read();
  void arm_write();
  void on_readable();
  void receive(std::string_view bytes);
  void offer_pending();
  void flush();
  void finish();
  void account();
  Holding current_holding() const;
  void note_cut();

  SessionLoop& loop_;
  boost::asio::generic::stream_protocol::socket socket_;
  Descriptor not_adopted_;
  State state_ = State::kOpen;
  Ending ending_ = Ending::kClose;
  bool reading_ = false;
  bool writing_ = false;
  bool is_cut_ = false;
  bool proceeds_later_ = false;
  std::string pending_;  // read and not consumed
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
  std::optional<Time> unfinished_since_;
  std::optional<Time> unread_since_;  // since when the peer took none of its answers
  const Time opened_at_;
  Time quiet_since_{};
  bool has_begun_anew_ = false;
};

}  // namespace twinlog
