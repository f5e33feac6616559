#include "agent/observe/escape.h"

#include <utf8proc.h>

#include "ledger/record/inert_text.h"

namespace twinlog {
std::string escape_log_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    utf8proc_int32_t code_point = -1;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(value.data()),
                                       static_cast<utf8proc_ssize_t>(value.size()), &code_point);
    if (size <= 0) {
      append_unicode_escape(out, 0xFFFD);
      value.remove_prefix(1);
      continue;
    }
    if (moves_a_terminal(code_point)) {
      append_unicode_escape(out, code_point);
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
