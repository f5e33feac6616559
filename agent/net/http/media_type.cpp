#include "agent/net/http/media_type.h"

#include <algorithm>

#include "agent/net/http/http_codec.h"

namespace twinlog {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// What stands before the next `separator` outside of a quoted string; takes both off.
std::string_view next_part(std::string_view& rest, char separator) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (is_quoted || rest[end] != separator); ++end) {
    if (rest[end] == '"') {
      is_quoted = !is_quoted;
    } else if (is_quoted && rest[end] == '\\') {
      end += end + 1 < rest.size() ? 1U : 0U;
    }
  }
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(part);
}

bool is_other_charset(std::string_view parameter) {
  const std::string_view name = next_part(parameter, '=');
  std::string_view value = trimmed(parameter);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return equals_ignoring_case(name, "charset") && !equals_ignoring_case(value, "utf-8") &&
         !equals_ignoring_case(value, "utf8");
}

}  // namespace

std::optional<MediaType> media_type_of(std::string_view content_type) {
  std::string_view first = next_part(content_type, ',');
  while (!content_type.empty()) {
    if (!equals_ignoring_case(next_part(content_type, ','), first)) {
      return std::nullopt;
    }
  }
  MediaType type{.name = next_part(first, ';')};
  while (!first.empty()) {
    type.is_utf8 = !is_other_charset(next_part(first, ';')) && type.is_utf8;
  }
  return type;
}

}  // namespace twinlog
