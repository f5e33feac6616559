// The token that HTTP senders must show (RFC 6750), from a file that may change at any time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "agent/net/loop/mailbox.h"

namespace twinlog {

/// Looks at the file for every request, on a thread of its own: a mount that hangs holds up nobody but those who show a
/// token. Keeps a digest of the token, not the token. Where nothing is promised otherwise: the loop's thread.
class BearerToken {
 public:
  enum class Verdict { kRight, kWrong, kUnreadable };
  /// How long the file may take to answer.
  static constexpr std::chrono::milliseconds kLookMost{2000};

  /// "": no token is asked for. What is passed in outlives it; it goes when the loop's thread has ended.
  BearerToken(const std::string& path, boost::asio::io_context& io, std::shared_ptr<Mailbox> mailbox);
  /// Leaves a thread alone that hangs in a look at the file.
  ~BearerToken();
  BearerToken(const BearerToken&) = delete;
  BearerToken& operator=(const BearerToken&) = delete;

  bool is_required() const { return keeper_ != nullptr; }
  /// Later says whether `authorization`, the value of the field, shows the token that the file holds now. kUnreadable:
  /// there is none, for the file cannot be read, is empty or does not answer in time; each judgement tries again.
  /// Digests are compared in constant time.
  void judge(const std::string& authorization, std::function<void(Verdict)> judged);
  /// Why nobody can be let in; "" when all is well. Looked after even when nobody asks. Any thread.
  std::string trouble() const;

 private:
  class Keeper;
  struct Asked {
    std::function<void(Verdict)> judged;
    std::chrono::steady_clock::time_point due;
  };
  void answer(std::uint64_t number, Verdict verdict);
  void await_due();

  std::shared_ptr<Keeper> keeper_;
  std::thread thread_;
  std::shared_ptr<Mailbox> mailbox_;
  boost::asio::steady_timer timer_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t next_number_ = 0;
};

}  // namespace twinlog
