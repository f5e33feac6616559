#include "ledger/record/inert_text.h"

#include <utf8proc.h>

#include <array>
#include <cstdio>

namespace twinlog {
namespace {

constexpr std::int32_t kFirstOfPairs = 0x10000;

void append_code_unit(std::string& out, std::int32_t unit) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(unit) & 0xFFFFU);
  out.append(escape.data());
}

}  // namespace

bool moves_a_terminal(std::int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      return false;
  }
}

void append_unicode_escape(std::string& out, std::int32_t code_point) {
  if (code_point < kFirstOfPairs) {
    append_code_unit(out, code_point);
    return;
  }
  const auto rest = static_cast<std::uint32_t>(code_point - kFirstOfPairs);
  append_code_unit(out, static_cast<std::int32_t>(0xD800U + (rest >> 10U)));
  append_code_unit(out, static_cast<std::int32_t>(0xDC00U + (rest & 0x3FFU)));
}

}  // namespace twinlog
