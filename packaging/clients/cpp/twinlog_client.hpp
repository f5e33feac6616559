// Sends authentication events to the twinlog agent over its Unix socket. Linux, C++17, this header and
// twinlog_json.hpp.
//
//   twinlog_client::Client client({});
//   client.record(twinlog_client::Event().set("tenant_id", "acme").set("event_type", "login_failed")
//                     .set("occurred_at", milliseconds).set("username", "alice").text());
//
// record() gives the event a UUIDv7 where it has no log_id, puts it into a bounded queue and returns. A thread sends
// what is in the queue, many at a time, and keeps each event until the agent has answered it: after a cut it goes out
// again under the same id, so it is one record however often it is sent. The destructor flushes. In a child of fork() a
// client of the parent takes nothing (record() returns false) and touches nothing; make one of the child's own there.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "twinlog_event.hpp"
#include "twinlog_json.hpp"

namespace twinlog_client {

using TimePoint = std::chrono::steady_clock::time_point;

/// The queue and the thread; Client is what a program holds.
class Worker {
 public:
  explicit Worker(Options options)
      : options_(std::move(options)),
        backoff_(std::min(options_.backoff_first, options_.backoff_most)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread_ = std::thread([this] { run(); });
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    close(options_.flush_at_exit);
    ::close(wake_);
  }

  bool record(std::string text, std::uint64_t context) {
    auto [line, id] = with_id(std::move(text));
    if (line.empty() || line.size() >= options_.event_bytes) {
      tell({"rejected", id, "", "is empty or longer than event_bytes", context});
      return true;
    }
    Queued event{std::move(line) + "\n", std::move(id), context, false};
    std::vector<Queued> dropped;
    std::unique_lock lock(mutex_);
    make_room(event.line.size(), dropped, lock);
    const bool is_in = !is_closed_ && has_room(event.line.size());
    if (is_in) {
      held_bytes_ += event.line.size();
      waiting_.push_back(std::move(event));
      wake();
    } else {
      dropped.push_back(std::move(event));
    }
    lock.unlock();
    for (auto& lost : dropped) {
      tell({"dropped", std::move(lost.log_id), "", "", lost.context});
    }
    return is_in;
  }

  std::size_t flush(milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return waiting_.empty() && flying_.empty() && unheard_ == 0; });
    return waiting_.size() + flying_.size();
  }

  std::size_t close(milliseconds limit) {
    if (!thread_.joinable()) {
      return flush(milliseconds{0});  // It was closed before.
    }
    const auto left = flush(limit);
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      wake();
      changed_.notify_all();
    }
    thread_.join();
    return left;
  }

  Counts counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  struct Queued {
    std::string line, log_id;
    std::uint64_t context;
    bool is_again;
  };
  static constexpr std::size_t kOutgoingBytes = 256 << 10;
  static constexpr std::size_t kAnswerBytes = 64 << 10;  // No answer is as long as that.

  static TimePoint now() { return std::chrono::steady_clock::now(); }

  // With the lock held.
  bool has_room(std::size_t size) const {
    return waiting_.size() + flying_.size() < options_.queue_events && held_bytes_ + size <= options_.queue_bytes;
  }

  void make_room(std::size_t size, std::vector<Queued>& dropped, std::unique_lock<std::mutex>& lock) {
    if (options_.when_full == WhenFull::kWait) {
      changed_.wait_for(lock, options_.wait, [&] { return is_closed_ || has_room(size); });
    }
    while (options_.when_full == WhenFull::kDropOldest && !waiting_.empty() && !has_room(size)) {
      held_bytes_ -= waiting_.front().line.size();
      dropped.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }

  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }

  // Without the lock.
  void tell(const Answer& answer) {
    std::unique_lock lock(mutex_);
    counts_.stored += answer.status == "stored" ? 1U : 0U;
    counts_.duplicate += answer.status == "duplicate" ? 1U : 0U;
    counts_.conflict += answer.status == "conflict" ? 1U : 0U;
    counts_.rejected += answer.status == "rejected" ? 1U : 0U;
    counts_.dropped += answer.status == "dropped" ? 1U : 0U;
    const auto dropped = counts_.dropped;
    lock.unlock();
    if (answer.status == "dropped" && (dropped & (dropped - 1)) == 0) {  // 1, 2, 4, ...
      std::fprintf(stderr, "twinlog: the queue is full; events dropped until now: %llu\n",
                   static_cast<unsigned long long>(dropped));
    }
    if (options_.on_answer) {
      options_.on_answer(answer);
    }
  }

  void run() {
    while (!is_over()) {
      connect_when_due();
      take_from_queue();
      sleep();
      if (peer_ >= 0 && !flying_.empty() && now() >= heard_at_ + options_.answer_timeout) {
        lose_connection();
      }
    }
    if (peer_ >= 0) {
      ::close(peer_);
    }
  }

  bool is_over() {
    const std::lock_guard lock(mutex_);
    return is_closed_;
  }

  void connect_when_due() {
    {
      const std::lock_guard lock(mutex_);
      if (peer_ >= 0 || waiting_.empty() || now() < not_before_) {
        return;
      }
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const int peer = options_.socket.size() < sizeof address.sun_path
                         ? ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
                         : -1;
    if (peer >= 0) {
      std::memcpy(address.sun_path, options_.socket.c_str(), options_.socket.size() + 1);
      // EAGAIN, too, is a failure: the agent's backlog is full.
      if (::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        const std::lock_guard lock(mutex_);
        ++counts_.connections;
        peer_ = peer;
        return;
      }
      ::close(peer);
    }
    pause(milliseconds{0});
  }

  /// Nothing is sent for a time with some chance in it, longer each time until something is taken.
  void pause(milliseconds at_least) {
    const auto chance =
        std::uniform_int_distribution<milliseconds::rep>(backoff_.count() / 2, backoff_.count())(random_);
    not_before_ = now() + at_least + milliseconds(chance);
    backoff_ = std::min(2 * backoff_, options_.backoff_most);
  }

  void lose_connection() {
    ::close(peer_);
    peer_ = -1;
    outgoing_.clear();
    incoming_.clear();
    {
      const std::lock_guard lock(mutex_);
      waiting_.insert(waiting_.begin(), std::make_move_iterator(flying_.begin()),
                      std::make_move_iterator(flying_.end()));
      flying_.clear();
    }
    pause(milliseconds{0});
  }

  void take_from_queue() {
    if (peer_ < 0 || now() < not_before_) {
      return;
    }
    const std::lock_guard lock(mutex_);
    if (flying_.empty()) {
      heard_at_ = now();
    }
    while (!waiting_.empty() && flying_.size() < options_.in_flight && outgoing_.size() < kOutgoingBytes) {
      flying_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
      outgoing_ += flying_.back().line;
      counts_.sent_again += flying_.back().is_again ? 1U : 0U;
      flying_.back().is_again = true;
    }
  }

  int wait_most() {
    const std::lock_guard lock(mutex_);
    auto until = TimePoint::max();
    if (!flying_.empty()) {
      until = heard_at_ + options_.answer_timeout;
    }
    if (!waiting_.empty() && now() < not_before_) {
      until = std::min(until, not_before_);
    }
    if (until == TimePoint::max()) {
      return -1;
    }
    return static_cast<int>(std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(until - now())).count());
  }

  void sleep() {
    const short wanted = outgoing_.empty() ? POLLIN : POLLIN | POLLOUT;
    pollfd ready[2] = {{wake_, POLLIN, 0}, {peer_, wanted, 0}};
    if (::poll(ready, 2, wait_most()) <= 0) {
      return;
    }
    if (ready[0].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto taken = ::read(wake_, &count, sizeof count);
    }
    if ((ready[1].revents & POLLOUT) != 0 && !outgoing_.empty()) {
      write_some();
    }
    if ((ready[1].revents & ~POLLOUT) != 0) {
      read_some();
    }
  }

  void write_some() {
    const auto written = ::send(peer_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    if (written >= 0) {
      outgoing_.erase(0, static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      outgoing_.clear();  // What the agent answered before it left is still to be read; then comes the end.
    }
  }

  void read_some() {
    char part[65536];
    const auto count = ::recv(peer_, part, sizeof part, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (count <= 0) {
      lose_connection();
      return;
    }
    incoming_.append(part, static_cast<std::size_t>(count));
    std::size_t begin = 0;
    bool is_sound = true;
    for (auto end = incoming_.find('\n'); is_sound && end != std::string::npos; end = incoming_.find('\n', begin)) {
      is_sound = take_answer(std::string_view(incoming_).substr(begin, end - begin));
      begin = end + 1;
    }
    incoming_.erase(0, begin);
    if (!is_sound || incoming_.size() > kAnswerBytes) {
      lose_connection();  // No agent says this.
    }
  }

  bool take_answer(std::string_view line) {
    Answer answer;
    milliseconds retry_after{0};
    if (!read_answer(line, answer, retry_after) || flying_.empty()) {
      return false;
    }
    heard_at_ = now();
    std::unique_lock lock(mutex_);
    Queued event = std::move(flying_.front());
    flying_.pop_front();
    if (answer.status == "busy") {  // Behind the others: what is more important than this one may be taken now.
      waiting_.push_back(std::move(event));
      ++counts_.busy;
      if (now() >= not_before_) {
        pause(retry_after);
      }
      return true;
    }
    held_bytes_ -= event.line.size();
    backoff_ = std::min(options_.backoff_first, options_.backoff_most);
    ++unheard_;
    lock.unlock();
    answer.log_id = event.log_id.empty() ? answer.log_id : event.log_id;
    answer.context = event.context;
    tell(answer);
    lock.lock();
    --unheard_;
    changed_.notify_all();
    return true;
  }

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Under the lock; flying_ is changed by the thread alone, which reads it without.
  std::deque<Queued> waiting_, flying_;
  std::size_t held_bytes_ = 0;
  std::size_t unheard_ = 0;  // answered, and on_answer has not come back
  Counts counts_;
  bool is_closed_ = false;
  // The thread's own.
  std::string outgoing_, incoming_;
  milliseconds backoff_;
  TimePoint not_before_{}, heard_at_{};
  std::mt19937_64 random_{std::random_device{}()};
  int peer_ = -1;
  int wake_;
  std::thread thread_;
};

/// May be used by many threads.
class Client {
 public:
  explicit Client(Options options) : worker_(std::make_unique<Worker>(std::move(options))) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    if (is_child()) {
      static_cast<void>(worker_.release());  // The thread, and whoever held a lock, are in the parent.
    }
  }

  /// Takes an event in JSON; false where it was dropped. context comes back with its answer.
  bool record(std::string text, std::uint64_t context = 0) {
    return !is_child() && worker_->record(std::move(text), context);
  }
  /// Waits until every event was answered; how many are not when the time is up.
  std::size_t flush(milliseconds limit) { return is_child() ? 0 : worker_->flush(limit); }
  /// Flushes, ends the thread, and returns how many events were not answered. Not from on_answer.
  std::size_t close(milliseconds limit) { return is_child() ? 0 : worker_->close(limit); }
  Counts counts() { return is_child() ? Counts{} : worker_->counts(); }

 private:
  bool is_child() const { return ::getpid() != owner_; }

  const pid_t owner_ = ::getpid();
  std::unique_ptr<Worker> worker_;
};

}  // namespace twinlog_client
