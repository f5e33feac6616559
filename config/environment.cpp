#include "config/environment.h"

#include <algorithm>

namespace twinlog {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

RawValue integer_or_text(std::string_view text) {
  const auto integer = parse_integer(text);
  return integer ? RawValue::of_integer(*integer) : RawValue::of_text(std::string(text));
}

RawValue list_of(std::string_view text, bool integers) {
  RawValue list = RawValue::of_type(RawValue::Type::kList);
  if (trimmed(text).empty()) {
    return list;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = trimmed(text.substr(begin, end - begin));
    list.items.push_back(integers ? integer_or_text(item) : RawValue::of_text(std::string(item)));
    begin = end + 1;
  }
  return list;
}

}  // namespace

std::string variable_of(std::string_view path) {
  std::string name(kVariablePrefix);
  for (const char c : path) {
    const bool is_lower = c >= 'a' && c <= 'z';
    name += c == '.' ? '_' : (is_lower ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

RawValue raw_from_variable(const ConfigKey& key, std::string_view variable) {
  const std::string_view text = without_line_end(variable);
  if (std::holds_alternative<BoolKey>(key.rule) && (text == "true" || text == "false")) {
    return RawValue::of_boolean(text == "true");
  }
  if (std::holds_alternative<CountKey>(key.rule)) {
    return integer_or_text(text);
  }
  if (std::holds_alternative<NamesKey>(key.rule) || std::holds_alternative<IdsKey>(key.rule)) {
    return list_of(text, std::holds_alternative<IdsKey>(key.rule));
  }
  return RawValue::of_text(std::string(text));
}

}  // namespace twinlog
