#include "ledger/record/inert_json.h"

#include <utf8proc.h>

#include "ledger/record/inert_text.h"

namespace twinlog {
namespace {

constexpr utf8proc_int32_t kEndOfAscii = 0x7F;  // DEL; below it only line ends stand between the strings.

}  // namespace

std::string inert_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(json.data()),
                                                   static_cast<utf8proc_ssize_t>(json.size()), &point);
    if (size <= 0) {
      out.push_back('?');
      json.remove_prefix(1);
      continue;
    }
    if (point >= kEndOfAscii && moves_a_terminal(point)) {
      append_unicode_escape(out, point);
    } else {
      out.append(json.substr(0, static_cast<std::size_t>(size)));
    }
    json.remove_prefix(static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace twinlog
