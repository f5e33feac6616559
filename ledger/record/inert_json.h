// JSON that may be shown on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace twinlog {

/// The same JSON, with control characters beyond ASCII's first 32 (some terminals obey U+009B) and format characters
/// (some turn the direction of text around) as \uXXXX; Unicode's general categories Cc and Cf. `json` is JSON in UTF-8,
/// so that they are only inside its strings; what is no UTF-8 becomes "?".
std::string inert_json(std::string_view json);

}  // namespace twinlog
