// The process's own log: one line per event on standard error, as text or JSON, through spdlog. Lines go through a
// queue to a thread of their own, so that nobody ever waits for whoever reads them; those that find no room push the
// oldest ones out, which is told with a count once lines get out again.
#pragma once

#include <chrono>
#include <map>
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
  /// Waits until every line so far is written, for `most`. Whether they are.
  virtual bool flush(std::chrono::milliseconds most) = 0;
};

/// Lines that wait to be written.
inline constexpr std::size_t kLogLinesHeld = 1024;
/// What the last lines of a process get.
inline constexpr std::chrono::milliseconds kLastLines{1000};

/// Where JOURNAL_STREAM of `environment` (systemd.exec(5)) names standard error, each line begins with its priority for
/// the journal. When the log goes, its last lines get kLastLines to be written.
std::unique_ptr<LeveledLog> make_stderr_log(const LogSettings& settings,
                                            const std::map<std::string, std::string>& environment = {});

}  // namespace twinlog
