// `twinlog try`: reads events and shows what an agent would keep of them. Needs no agent and keeps nothing.
#pragma once

#include <string>

#include "agent/cli/operator_io.h"
#include "ledger/record/event_reader.h"

namespace twinlog {

struct TryOptions {
  std::string file;            ///< "" or "-": standard input.
  EventReaderSettings reader;  ///< As an agent's, `random` set.
  bool is_json = false;        ///< One JSON object a line instead of text for people.
};

/// The exit code: 0 when every line would be taken, 1 when one would be refused or the input fails, 2 when the file
/// cannot be opened. Reads `input` where no file is named. What was sent is shown nowhere, only what would be kept.
int run_try(const TryOptions& options, int input, const OperatorIo& io);

}  // namespace twinlog
