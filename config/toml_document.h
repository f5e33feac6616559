// TOML text as a flat list of sections and keys with their lines. toml++ stays behind this header.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/raw_value.h"

namespace twinlog {

/// No key of ours is deeper; what lies below is not listed.
inline constexpr std::size_t kTomlDepthMost = 8;
/// toml++ frees nested tables recursively: a bound on the line bounds how deep a dotted key can nest them.
inline constexpr std::size_t kTomlLineBytesMost = 8U << 10U;

struct TomlEntry {
  std::string path;  ///< Segments that are not bare keys stand in quotes, control characters escaped.
  unsigned line = 0;
  std::optional<RawValue> value;  ///< None: a section.
};

struct TomlSyntaxError {
  unsigned line = 0;
  unsigned column = 0;
  std::string what;  ///< Never holds a value.
};

struct TomlDocument {
  std::vector<TomlEntry> entries;  ///< A section stands before all that is in it, and that right after it.
  std::optional<TomlSyntaxError> error;
};

TomlDocument parse_toml(std::string_view text);

}  // namespace twinlog
