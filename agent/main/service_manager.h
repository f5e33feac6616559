// What a service manager hears of us (sd_notify(3)): ready, reloading, stopping, alive. Without NOTIFY_SOCKET nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/observe/observed.h"
#include "ledger/base/address.h"
#include "ledger/base/descriptor.h"

namespace twinlog {

/// Main thread only.
class ServiceManager {
 public:
  /// Of `environment`: NOTIFY_SOCKET, a path or "@" and an abstract name; WATCHDOG_USEC, where WATCHDOG_PID is
  /// `process` or not there. Anything malformed counts as not there.
  ServiceManager(const std::map<std::string, std::string>& environment, pid_t process);

  /// `status` is for people and one line.
  void ready(std::string_view status) const;
  void reloading() const;
  void stopping(std::string_view status) const;
  /// Another `more` until a stopping process is killed, counted from now.
  void extend_timeout(std::chrono::microseconds more, std::string_view status) const;

  /// How often feed_watchdog() is to be called; nothing without a watchdog.
  std::optional<std::chrono::milliseconds> watchdog_interval() const { return watchdog_interval_; }
  /// Says that we are alive, where a watchdog asks and no worker thread stands still. Whether it did.
  bool feed_watchdog(const Observed& observed) const;

 private:
  void notify(const std::string& state) const;

  std::optional<UnixAddress> address_;
  Descriptor socket_;
  std::optional<std::chrono::milliseconds> watchdog_interval_;
};

}  // namespace twinlog
