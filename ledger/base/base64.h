// Base64 of RFC 4648, section 4: padded, and strict on the way back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

std::string base64(std::string_view bytes);
/// Nothing unless it is exactly what base64() gives for some bytes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace twinlog
