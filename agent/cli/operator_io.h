// Where the operators' commands write, and how they wait. The process's own streams, or a test's.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>

#include "agent/cli/terminal.h"
#include "ledger/base/clock.h"

namespace twinlog {

struct OperatorIo {
  std::ostream& out;
  std::ostream& err;
  bool is_out_terminal = false;
  bool is_err_terminal = false;
  Colours colours = Colours::kOff;
  const Clock& clock;
  /// How many characters a line of the terminal has.
  std::function<std::size_t()> columns = [] { return std::size_t{80}; };
  /// Waits so long; false when the user wants it to end (Ctrl-C).
  std::function<bool(std::chrono::milliseconds)> wait;
};

}  // namespace twinlog
