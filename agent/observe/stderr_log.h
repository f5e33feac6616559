// The process's own log: one line per event on standard error, as text or JSON, through spdlog.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "ledger/base/log.h"

namespace twinlog {

/// A log whose level can change while it runs. Callable from every thread.
class LeveledLog : public Log {
 public:
  /// One of the names of log.level.
  virtual void set_level(const std::string& level) = 0;
};

std::unique_ptr<LeveledLog> make_stderr_log(const LogSettings& settings);

}  // namespace twinlog
