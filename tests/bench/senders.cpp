#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <thread>

#include "tests/bench/ways.h"

namespace twinlog::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kLookAgain{500};  // At a socket that is not yet read empty.

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    give_up("the socket's path is too long");
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up("nobody listens at " + path);
  }
  return descriptor;
}

void send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      give_up("the peer closed the connection");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// One connection: sends, and notes how long each answer took.
class Sender {
 public:
  Sender(const std::string& path, const Lines& lines, const Shape& shape, std::size_t number)
      : shape_(shape), descriptor_(connect_to(path)) {
    waits_.reserve(shape.per_sender);
    ready_.reserve(shape.per_sender);
    for (std::size_t each = 0; each < shape.per_sender; ++each) {
      ready_.push_back(lines.line({.sender = number, .number = each}));
    }
  }
  ~Sender() { close(descriptor_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void run() {
    while (waits_.size() < shape_.per_sender) {
      fill_window();
      take_answers();
    }
  }

  const Waits& waits() const { return waits_; }

 private:
  void fill_window() {
    std::string bytes;
    const std::size_t before = sent_;
    while (sent_ < shape_.per_sender && sent_ - waits_.size() < shape_.in_flight) {
      bytes += ready_[sent_++];
    }
    under_way_.insert(under_way_.end(), sent_ - before, Clock::now());
    send_all(descriptor_, bytes);
  }

  /// Anything but `stored` ends the program, since the figure would lie.
  void take_answers() {
    static constexpr std::string_view kStored = R"({"status":"stored")";
    const ssize_t count = read(descriptor_, received_.data(), received_.size());
    if (count <= 0) {
      give_up("the agent closed the connection");
    }
    const Time now = Clock::now();
    unread_.append(received_.data(), static_cast<std::size_t>(count));
    std::size_t start = 0;
    for (std::size_t end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n', start)) {
      if (unread_.compare(start, kStored.size(), kStored) != 0) {
        give_up("an answer other than stored");
      }
      waits_.push_back(now - under_way_.front());
      under_way_.pop_front();
      start = end + 1;
    }
    unread_.erase(0, start);
  }

  const Shape shape_;
  const int descriptor_;
  std::vector<std::string> ready_;  ///< Made before the time begins: making them would take the agent's processor.
  std::size_t sent_ = 0;
  std::deque<Time> under_way_;  ///< When each unanswered event was sent.
  std::array<char, 65536> received_{};
  std::string unread_;
  Waits waits_;
};

}  // namespace

void measure_answers(const std::string& path, const Lines& lines, const Shape& shape) {
  std::vector<std::unique_ptr<Sender>> senders;
  for (std::size_t number = 0; number < shape.senders; ++number) {
    senders.push_back(std::make_unique<Sender>(path, lines, shape, number));
  }
  const Time began = Clock::now();
  {
    std::vector<std::jthread> threads;
    threads.reserve(senders.size());
    for (const auto& sender : senders) {
      threads.emplace_back([&sender] { sender->run(); });
    }
  }
  const Time ended = Clock::now();
  Waits waits;
  for (const auto& sender : senders) {
    waits.insert(waits.end(), sender->waits().begin(), sender->waits().end());
  }
  print_result(shape.senders * shape.per_sender, began, ended, std::move(waits));
}

void measure_pouring(const std::string& path, const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (bytes.empty()) {
    give_up("no events in " + file);
  }
  const int descriptor = connect_to(path);
  const Time began = Clock::now();
  send_all(descriptor, bytes);
  for (int unread = 1; unread > 0;) {
    if (ioctl(descriptor, SIOCOUTQ, &unread) != 0) {
      give_up("the socket does not tell what is unread");
    }
    if (unread > 0) {
      std::this_thread::sleep_for(kLookAgain);
    }
  }
  const Time ended = Clock::now();
  close(descriptor);
  print_result(static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')), began, ended);
}

}  // namespace twinlog::bench
