// Makes a value safe to stand in a log line: nothing in it can end the line, move a cursor or turn text around.
#pragma once

#include <string>
#include <string_view>

namespace twinlog {

/// What moves_a_terminal() (ledger/record/inert_text.h) and invalid UTF-8 become \uXXXX; `"` and `\` get a backslash.
/// The result is valid inside a JSON string.
std::string escape_log_value(std::string_view value);

}  // namespace twinlog
