#include "agent/main/service_manager.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "agent/observe/pages.h"

namespace twinlog {
namespace {

constexpr timeval kSendTimeout{.tv_sec = 1, .tv_usec = 0};  // A manager that does not read holds nothing up for longer.

std::string text_of(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && read_to == end && number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<std::chrono::milliseconds> watchdog_of(const std::map<std::string, std::string>& environment,
                                                     pid_t process) {
  const auto microseconds = number_of(text_of(environment, "WATCHDOG_USEC"));
  const std::string owner = text_of(environment, "WATCHDOG_PID");
  if (!microseconds || (!owner.empty() && number_of(owner) != process)) {
    return std::nullopt;
  }
  const std::chrono::microseconds half{*microseconds / 2};
  return std::max(std::chrono::milliseconds{1}, std::chrono::duration_cast<std::chrono::milliseconds>(half));
}

/// sd_notify(3): a path, or "@" and an abstract name.
std::optional<UnixAddress> address_of(const std::string& text) {
  if (text.size() <= 1 || (text.front() != '/' && text.front() != '@')) {
    return std::nullopt;
  }
  return text.front() == '@' ? UnixAddress::of_abstract(text.substr(1)) : UnixAddress::of_path(text);
}

}  // namespace

ServiceManager::ServiceManager(const std::map<std::string, std::string>& environment, pid_t process)
    : address_(address_of(text_of(environment, "NOTIFY_SOCKET"))) {
  if (!address_) {
    return;
  }
  socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof(kSendTimeout));
  watchdog_interval_ = watchdog_of(environment, process);
}

void ServiceManager::ready(std::string_view status) const {
  notify("READY=1\nSTATUS=" + std::string(status));
}

void ServiceManager::reloading() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now);
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds.count()));
}

void ServiceManager::stopping(std::string_view status) const {
  notify("STOPPING=1\nSTATUS=" + std::string(status));
}

void ServiceManager::extend_timeout(std::chrono::microseconds more, std::string_view status) const {
  notify("EXTEND_TIMEOUT_USEC=" + std::to_string(more.count()) + "\nSTATUS=" + std::string(status));
}

bool ServiceManager::feed_watchdog(const Observed& observed) const {
  if (!watchdog_interval_ || !standing_thread(observed).empty()) {
    return false;
  }
  notify("WATCHDOG=1");
  return true;
}

void ServiceManager::notify(const std::string& state) const {
  if (!socket_.is_open()) {
    return;
  }
  // A manager that is gone, or does not read, is told nothing; that is no reason to do anything else.
  static_cast<void>(
      ::sendto(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL, address_->get(), address_->size()));
}

}  // namespace twinlog
