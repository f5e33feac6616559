#include "ledger/record/folding.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "ledger/record/ascii.h"

namespace twinlog {
namespace {

struct MallocFree {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

std::string mapped(std::string_view text, unsigned options) {
  utf8proc_uint8_t* bytes = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &bytes, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, MallocFree> owner(bytes);
  if (size < 0) {
    std::abort();  // Out of memory, or not UTF-8: an AuthEvent holds only valid UTF-8.
  }
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

// The White_Space property: the categories Zs, Zl, Zp, U+0009..U+000D and U+0085.
bool is_white_space(utf8proc_int32_t code_point) {
  const utf8proc_category_t category = utf8proc_category(code_point);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP ||
         (code_point >= 0x09 && code_point <= 0x0D) || code_point == 0x85;
}

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                                                   static_cast<utf8proc_ssize_t>(text.size() - i), &code_point);
    const std::size_t next = i + static_cast<std::size_t>(std::max<utf8proc_ssize_t>(size, 1));
    if (!is_white_space(code_point)) {
      begin = std::min(begin, i);
      end = next;
    }
    i = next;
  }
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
}

// What the general way gives for ASCII: lower case, spaces trimmed.
std::string fold_ascii(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  std::string folded(text);
  for (char& c : folded) {
    c = to_lower(c);
  }
  return folded;
}

}  // namespace

std::string fold_username(std::string_view username) {
  if (is_ascii(username)) {
    return fold_ascii(username);
  }
  // Two steps: in one, utf8proc would decompose before it folds.
  const std::string folded = mapped(username, UTF8PROC_CASEFOLD);
  const std::string composed = mapped(folded, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  return std::string(trimmed(composed));
}

std::string folding_unicode_version() {
  return utf8proc_unicode_version();
}

std::optional<std::string> account_of(const AuthEvent& event) {
  if (event.user_id) {
    return "id:" + *event.user_id;
  }
  if (event.username) {
    const std::string folded = fold_username(*event.username);
    if (!folded.empty()) {
      return "name:" + folded;
    }
  }
  return std::nullopt;
}

}  // namespace twinlog
