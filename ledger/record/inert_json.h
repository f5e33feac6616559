// JSON that may be shown on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace twinlog {

/// The same JSON, with what moves_a_terminal() beyond ASCII's first 32 as \uXXXX. `json` is JSON in UTF-8, so that it
/// is only inside of strings; what is no UTF-8 becomes "?".
std::string inert_json(std::string_view json);

}  // namespace twinlog
