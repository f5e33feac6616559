// What a Content-Type says (RFC 9110 section 8.3).
#pragma once

#include <optional>
#include <string_view>

namespace twinlog {

struct MediaType {
  std::string_view name;  ///< Without parameters, as sent: its case does not matter.
  bool is_utf8 = true;    ///< False where a charset is named that is another one.
};

/// Of a field's value; of a field that stands there several times the values joined by ", ". Nothing when they are not
/// the same.
std::optional<MediaType> media_type_of(std::string_view content_type);

}  // namespace twinlog
