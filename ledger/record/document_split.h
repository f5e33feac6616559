// Cuts a JSON array into the raw text of its elements without parsing them, so that each is mended by itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace twinlog {

struct ArrayElements {
  std::vector<std::string_view> elements;  ///< Without the white space around them; at most `most_elements`.
  bool has_more = false;                   ///< There were more than `most_elements`.
};

/// Nothing when `json`, which begins with `[`, is certainly no JSON array. Whether the elements are JSON is not looked
/// at.
std::optional<ArrayElements> split_array(std::string_view json, std::size_t most_elements);

/// `json` without white space (RFC 8259, section 2) around it.
std::string_view without_outer_space(std::string_view json);

}  // namespace twinlog
