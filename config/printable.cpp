#include "config/printable.h"

#include "ledger/base/bytes.h"

namespace twinlog {

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.size() >= kPrintableBytesMost) {
      return out + "...";
    }
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      out += "\\x" + hex(std::string_view(&c, 1));
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  return '"' + printable(text) + '"';
}

}  // namespace twinlog
