// What `twinlog try` says about one line.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "ledger/record/event_reader.h"

namespace twinlog {

struct TriedEvent {
  std::uint64_t line = 0;  ///< Its number in the input, from 1.
  std::uint64_t sent_bytes = 0;
  ReadOutcome outcome;
  ReadCounts counts;
  bool has_own_id = false;      ///< The sender gave a log_id.
  bool is_implausible = false;  ///< Its time is (timestamp.h).
};

/// A paragraph for people, with an empty line behind it. Nothing in it moves a terminal.
std::string tried_text(const TriedEvent& tried);
/// One line of JSON with its LF.
std::string tried_json(const TriedEvent& tried);

}  // namespace twinlog
