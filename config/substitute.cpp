#include "config/substitute.h"

#include "config/printable.h"
#include "config/value_shapes.h"

namespace twinlog {
namespace {

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) {
    return false;
  }
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_') {
      return false;
    }
  }
  return true;
}

std::optional<std::string> substitute_text(std::string& text, const Environment& environment,
                                           std::set<std::string>& used) {
  std::string out;
  std::string_view rest = text;
  for (std::size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
    if (at > 0 && rest[at - 1] == '$') {
      out.append(rest.substr(0, at - 1)).append("${");
      rest.remove_prefix(at + 2);
      continue;
    }
    const std::size_t end = rest.find('}', at);
    const std::string name(end == std::string_view::npos ? "" : rest.substr(at + 2, end - at - 2));
    if (!is_variable_name(name)) {
      return "holds a ${ that is not followed by the name of a variable and a } (write $${ for the characters "
             "themselves)";
    }
    const auto variable = environment.find(name);
    if (variable == environment.end()) {
      return "uses ${" + printable(name) + "}, which is not set in the environment";
    }
    const std::string_view brought = without_line_end(variable->second);
    if (has_line_end(brought)) {
      return "uses ${" + name + "}, whose value holds a line end within it: make it one line";
    }
    used.insert(name);
    out.append(rest.substr(0, at)).append(brought);
    rest.remove_prefix(end + 1);
  }
  out.append(rest);
  text = std::move(out);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> substitute(RawValue& value, const Environment& environment, std::set<std::string>& used) {
  if (value.type == RawValue::Type::kText) {
    return substitute_text(value.text, environment, used);
  }
  for (RawValue& item : value.items) {
    if (auto mistake = substitute(item, environment, used)) {
      return mistake;
    }
  }
  return std::nullopt;
}

}  // namespace twinlog
