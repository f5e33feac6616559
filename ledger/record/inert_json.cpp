#include "ledger/record/inert_json.h"

#include <utf8proc.h>

#include <array>
#include <cstdio>

namespace twinlog {
namespace {

constexpr utf8proc_int32_t kEndOfAscii = 0x7F;  // DEL; below it only line ends stand between the strings.
constexpr utf8proc_int32_t kGreatestEscaped = 0xFFFF;

bool moves_a_terminal(utf8proc_int32_t point) {
  const utf8proc_category_t category = utf8proc_category(point);
  return point >= kEndOfAscii && point <= kGreatestEscaped &&
         (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF);
}

void append_escape(std::string& out, utf8proc_int32_t point) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(point));
  out.append(escape.data());
}

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
    if (moves_a_terminal(point)) {
      append_escape(out, point);
    } else {
      out.append(json.substr(0, static_cast<std::size_t>(size)));
    }
    json.remove_prefix(static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace twinlog
