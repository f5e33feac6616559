#include "config/toml_document.h"

#include <toml++/toml.h>

#include <algorithm>

#include "config/printable.h"

namespace twinlog {
namespace {

RawValue raw_from(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return RawValue::of_text(node.as_string()->get());
    case toml::node_type::integer:
      return RawValue::of_integer(node.as_integer()->get());
    case toml::node_type::boolean:
      return RawValue::of_boolean(node.as_boolean()->get());
    case toml::node_type::array: {
      RawValue list = RawValue::of_type(RawValue::Type::kList);
      for (const toml::node& item : *node.as_array()) {
        // An array in an array is no value of ours: its type is enough.
        list.items.push_back(item.is_array() ? RawValue::of_type(RawValue::Type::kList) : raw_from(item));
      }
      return list;
    }
    case toml::node_type::floating_point:
      return RawValue::of_type(RawValue::Type::kFloat);
    case toml::node_type::table:
      return RawValue::of_type(RawValue::Type::kTable);
    default:
      return RawValue::of_type(RawValue::Type::kTime);
  }
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void list_entries(const toml::table& table, const std::string& prefix, std::size_t depth,
                  std::vector<TomlEntry>& entries) {
  for (const auto& [key, node] : table) {
    TomlEntry entry;
    entry.path = prefix + (is_bare_key(key.str()) ? std::string(key.str()) : quoted(key.str()));
    const toml::table* section = node.as_table();
    // A section's own header, not the first place where a key with its name in it stands.
    entry.line = static_cast<unsigned>(section != nullptr ? node.source().begin.line : key.source().begin.line);
    if (section == nullptr) {
      entry.value = raw_from(node);
    }
    const std::string inner = entry.path + ".";
    entries.push_back(std::move(entry));
    if (section != nullptr && depth < kTomlDepthMost) {
      list_entries(*section, inner, depth + 1, entries);
    }
  }
}

/// toml++ says what it expected and what it saw; the latter may be a piece of a password that lacks its quotes.
std::string words_without_values(std::string_view description) {
  if (description.find("cannot redefine existing") != std::string_view::npos ||
      description.find("cannot insert") != std::string_view::npos) {
    return printable(description);  // These quote keys only.
  }
  description = description.substr(0, description.find(", saw"));
  if (description.find("expected '") == std::string_view::npos) {
    description = description.substr(0, description.find('\''));
  }
  return printable(description.substr(0, description.find_last_not_of(" :") + 1));
}

std::optional<TomlSyntaxError> find_long_line(std::string_view text) {
  unsigned line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end - begin > kTomlLineBytesMost) {
      return TomlSyntaxError{line, 1, "the line is longer than " + std::to_string(kTomlLineBytesMost) + " bytes"};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

TomlDocument parse_toml(std::string_view text) {
  TomlDocument document;
  document.error = find_long_line(text);
  if (document.error) {
    return document;
  }
  try {
    const toml::table root = toml::parse(text);
    list_entries(root, "", 1, document.entries);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    document.error = TomlSyntaxError{static_cast<unsigned>(at.line), static_cast<unsigned>(at.column),
                                     words_without_values(error.description())};
    return document;
  }
  return document;
}

}  // namespace twinlog
