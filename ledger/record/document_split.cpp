#include "ledger/record/document_split.h"

#include <utility>

namespace twinlog {
namespace {

constexpr std::string_view kSpace = " \t\n\r";

// The index behind the string that begins at `at`; npos when it does not end.
std::size_t behind_string(std::string_view json, std::size_t at) {
  for (std::size_t i = at + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// The index of the comma or bracket that ends the element at `at`; npos when there is none.
std::size_t end_of_element(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = behind_string(json, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == ']')) {
      return at;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (depth > 0 && (c == '}' || c == ']')) {
      --depth;
    }
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view without_outer_space(std::string_view json) {
  const std::size_t begin = json.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) {
    return {};
  }
  return json.substr(begin, json.find_last_not_of(kSpace) - begin + 1);
}

std::optional<ArrayElements> split_array(std::string_view json, std::size_t most_elements) {
  ArrayElements found;
  if (json.size() >= 2 && json.back() == ']' && without_outer_space(json.substr(1, json.size() - 2)).empty()) {
    return found;
  }
  std::size_t at = 0;
  do {
    const std::size_t begin = at + 1;
    at = end_of_element(json, begin);
    if (at == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view element = without_outer_space(json.substr(begin, at - begin));
    if (element.empty()) {
      return std::nullopt;
    }
    found.has_more = found.elements.size() == most_elements;
    if (!found.has_more) {
      found.elements.push_back(element);
    }
  } while (json[at] == ',');
  return at + 1 == json.size() ? std::optional(std::move(found)) : std::nullopt;
}

}  // namespace twinlog
