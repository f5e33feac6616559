// A JSON text as a flat list of its values in document order: no recursion on depth, one allocation for all nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinlog {

enum class NodeKind : std::uint8_t {
  kObject,
  kArray,
  kKey,
  kString,
  kNumber,  ///< Its text is that of the input: RFC 8259 grammar, any size.
  kTrue,
  kFalse,
  kNull,
  kReplacement,  ///< A string that took the place of a value of any kind.
};

/// 12 bytes, because a hostile text may hold a node for every byte.
struct JsonNode {
  std::uint32_t begin = 0;  ///< Offset of the text of a key, string, number or replacement.
  std::uint32_t size = 0;  ///< Bytes of that text; for objects, arrays and replacements the index behind the last node.
  NodeKind kind = NodeKind::kNull;
  bool is_mended = false;  ///< The text differs from what was sent.
};

/// The nodes of one value; index 0 is the whole. Objects hold key, value, key, value...
class JsonTape {
 public:
  std::string text;  ///< What the nodes point into. May only grow.
  std::vector<JsonNode> nodes;
  std::size_t depth = 0;         ///< Deepest nesting of objects and arrays.
  std::size_t mended_count = 0;  ///< Strings and keys that the mending changed.

  /// The index behind the value at `index` and all it holds.
  std::uint32_t end_of(std::uint32_t index) const {
    const JsonNode& node = nodes[index];
    const bool has_end =
        node.kind == NodeKind::kObject || node.kind == NodeKind::kArray || node.kind == NodeKind::kReplacement;
    return has_end ? node.size : index + 1;
  }
  /// The text of a key, string or number (not of a replacement).
  std::string_view view(std::uint32_t index) const {
    return std::string_view(text).substr(nodes[index].begin, nodes[index].size);
  }
  /// Appends `words` to `text` and makes the node a string (or, a key, a key) of them.
  void set_text(std::uint32_t index, std::string_view words);
  /// Makes the value at `index`, with all it holds, a string of `words` (fewer than 256 bytes).
  void replace_value(std::uint32_t index, std::string_view words);
  /// The words of a replacement.
  std::string_view replacement(std::uint32_t index) const;
};

/// Mends and parses `raw`; nothing when it is not JSON even then.
std::optional<JsonTape> parse_json(std::string_view raw);

}  // namespace twinlog
