// Decoding into room that is there already, for whoever does it millions of times.
#pragma once

#include <string>
#include <string_view>

namespace twinlog {

/// from_hex() in place of what `bytes` has; false when `text` is not hexadecimal.
[[nodiscard]] bool put_from_hex(std::string& bytes, std::string_view text);
/// from_base64() in place of what `bytes` has; false where that gives nothing.
[[nodiscard]] bool put_from_base64(std::string& bytes, std::string_view text);

}  // namespace twinlog
