#include "agent/cli/send_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "ledger/base/address.h"

namespace twinlog {
namespace {

constexpr std::size_t kReadBytes = 32U << 10U;

bool may_go_on(int error) {
  return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

int SendConnection::open(const std::string& path) {
  close();
  const auto address = UnixAddress::of_path(path);
  if (!address) {
    return ENAMETOOLONG;
  }
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    return errno;
  }
  if (::connect(fd_, address->get(), address->size()) != 0) {
    const int error = errno;
    close();
    return error;
  }
  return 0;
}

void SendConnection::close() {
  if (fd_ >= 0) {
    (void)::close(fd_);
  }
  fd_ = -1;
  unwritten_.clear();
  written_of_it_ = 0;
  unread_.clear();
  taken_of_it_ = 0;
  peer_stopped_reading_ = false;
  bytes_written_ = 0;
}

void SendConnection::write_some() {
  const ssize_t count =
      ::send(fd_, unwritten_.data() + written_of_it_, unwritten_.size() - written_of_it_, MSG_NOSIGNAL);
  if (count < 0) {
    peer_stopped_reading_ = !may_go_on(errno);
    return;
  }
  written_of_it_ += static_cast<std::size_t>(count);
  bytes_written_ += static_cast<std::uint64_t>(count);
  if (written_of_it_ == unwritten_.size()) {
    unwritten_.clear();
    written_of_it_ = 0;
  }
}

bool SendConnection::read_some() {
  std::array<char, kReadBytes> bytes;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count < 0) {
    return may_go_on(errno);
  }
  unread_.erase(0, taken_of_it_);
  taken_of_it_ = 0;
  unread_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::optional<std::string> SendConnection::next_answer() {
  const std::size_t end = unread_.find('\n', taken_of_it_);
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string line = unread_.substr(taken_of_it_, end - taken_of_it_);
  taken_of_it_ = end + 1;
  return line;
}

}  // namespace twinlog
