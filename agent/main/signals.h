// SIGTERM, SIGINT and SIGHUP as values: blocked in every thread, waited for by main. Works as PID 1 too.
#pragma once

#include <chrono>
#include <optional>

namespace twinlog {

enum class Signal { kStop, kReload };

/// To be called before any thread starts. Also ignores SIGPIPE and SIGXFSZ: who writes is told, by an error.
void block_signals();

/// Whether SIGTERM or SIGINT comes within `most`; a SIGHUP is kept for later. Main thread only.
bool wait_for_stop(std::chrono::milliseconds most);

/// The next signal, or nothing after `most`. Main thread only.
std::optional<Signal> wait_for_signal(std::chrono::milliseconds most);

}  // namespace twinlog
