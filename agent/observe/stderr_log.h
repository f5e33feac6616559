// The process's own log: one line per event on standard error, as text or JSON, through spdlog.
#pragma once

#include <memory>

#include "config/settings.h"
#include "ledger/base/log.h"

namespace twinlog {

std::unique_ptr<Log> make_stderr_log(const LogSettings& settings);

}  // namespace twinlog
