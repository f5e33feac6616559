#include "agent/observe/escape.h"

#include <utf8proc.h>

#include <cstdio>

namespace twinlog {
namespace {

bool is_unsafe(utf8proc_int32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F) || code_point == 0x061C ||
         code_point == 0x200E || code_point == 0x200F || (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xFEFF;
}

void append_escaped(std::string& out, utf8proc_int32_t code_point) {
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(code_point));
  out += text;
}

}  // namespace

std::string escape_log_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    utf8proc_int32_t code_point = -1;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(value.data()),
                                       static_cast<utf8proc_ssize_t>(value.size()), &code_point);
    if (size <= 0) {
      append_escaped(out, 0xFFFD);
      value.remove_prefix(1);
      continue;
    }
    if (is_unsafe(code_point)) {
      append_escaped(out, code_point);
    } else {
      if (code_point == '"' || code_point == '\\') {
        out.push_back('\\');
      }
      out.append(value.substr(0, static_cast<std::size_t>(size)));
    }
    value.remove_prefix(static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace twinlog
