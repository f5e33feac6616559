#include "ledger/record/mend.h"

#include <array>
#include <cstdlib>

#include "ledger/base/bytes.h"
#include "ledger/record/json_number.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostRawBytes = 1U << 30U;
// RapidJSON refuses an integer part beyond 1.79e307 and exponents beyond 308; shorter plain numbers always pass.
constexpr std::size_t kMostPlainDigits = 300;

constexpr bool is_plain(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}
constexpr auto kPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = is_plain(static_cast<char>(i));
  }
  return table;
}();

class Mender {
 public:
  explicit Mender(std::string_view raw) : raw_(raw) { result_.text.reserve(raw.size() + 8); }

  MendedJson run() && {
    while (at_ < raw_.size()) {
      if (!step()) {
        return std::move(result_);
      }
    }
    flush();
    result_.is_balanced = open_ == 0;
    ++result_.most_nodes;
    return std::move(result_);
  }

 private:
  // One token outside of strings.
  bool step() {
    const char c = raw_[at_];
    if (c == '"') {
      return mend_string();
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
      mend_number();
      return true;
    }
    ++at_;
    if (c == '{' || c == '[') {
      result_.depth = std::max(result_.depth, ++open_);
    } else if (c == '}' || c == ']') {
      return open_-- > 0;
    } else if (c != ',' && c != ':') {
      return static_cast<std::uint8_t>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    }
    ++result_.most_nodes;
    return true;
  }

  void flush() {
    result_.text.append(raw_.substr(kept_, at_ - kept_));
    kept_ = at_;
  }

  void replace(std::size_t count) {
    flush();
    result_.text.append(kReplacement);
    at_ += count;
    kept_ = at_;
    is_changed_ = true;
  }

  bool mend_string() {
    ++at_;
    is_changed_ = false;
    const std::size_t start = result_.text.size() + (at_ - kept_);
    while (true) {
      while (at_ < raw_.size() && kPlain[static_cast<std::uint8_t>(raw_[at_])]) {
        ++at_;
      }
      if (at_ >= raw_.size()) {
        return false;
      }
      if (raw_[at_] == '"') {
        break;
      }
      if (!mend_character()) {
        return false;
      }
    }
    ++at_;
    if (is_changed_) {
      result_.mended_strings.push_back(static_cast<std::uint32_t>(start));
    }
    return true;
  }

  bool mend_character() {
    const char c = raw_[at_];
    if (c == '\\') {
      return mend_escape();
    }
    if (static_cast<std::uint8_t>(c) < 0x20) {
      replace(1);
      return true;
    }
    const Utf8Step next = utf8_step(raw_.substr(at_));
    if (next.is_valid) {
      at_ += next.size;
    } else {
      replace(next.size);
    }
    return true;
  }

  // The code unit of `\uXXXX` at `position`; -1 when there is none.
  int code_unit(std::size_t position) const {
    if (raw_.substr(position, 2) != "\\u" || raw_.size() - position < 6) {
      return -1;
    }
    const auto bytes = from_hex(raw_.substr(position + 2, 4));
    return bytes ? static_cast<std::uint8_t>((*bytes)[0]) << 8U | static_cast<std::uint8_t>((*bytes)[1]) : -1;
  }

  bool mend_escape() {
    const char kind = at_ + 1 < raw_.size() ? raw_[at_ + 1] : '\0';
    if (kind == '"' || kind == '\\' || kind == '/') {
      at_ += 2;
      return true;
    }
    if (kind == 'b' || kind == 'f' || kind == 'n' || kind == 'r' || kind == 't') {
      replace(2);
      return true;
    }
    const int unit = code_unit(at_);
    if (unit < 0) {
      return false;
    }
    const bool is_surrogate = unit >= 0xD800 && unit <= 0xDFFF;
    if (is_surrogate && unit < 0xDC00) {
      const int low = code_unit(at_ + 6);
      if (low >= 0xDC00 && low <= 0xDFFF) {
        at_ += 12;
        return true;
      }
    }
    if (is_surrogate || unit < 0x20) {
      replace(6);
    } else {
      at_ += 6;
    }
    return true;
  }

  void mend_number() {
    std::size_t end = at_;
    bool has_exponent = false;
    while (end < raw_.size() && is_number_character(raw_[end])) {
      has_exponent = has_exponent || raw_[end] == 'e' || raw_[end] == 'E';
      ++end;
    }
    const std::string_view number = raw_.substr(at_, end - at_);
    if ((has_exponent || number.size() > kMostPlainDigits) && is_json_number(number)) {
      flush();
      result_.text.append("\"\\u0000").append(number).append("\"");
      kept_ = end;
    }
    at_ = end;
  }

  static bool is_number_character(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  }

  std::string_view raw_;
  std::size_t at_ = 0;    // Next byte to look at.
  std::size_t kept_ = 0;  // Everything before it is in the result.
  std::size_t open_ = 0;
  bool is_changed_ = false;
  MendedJson result_;
};

}  // namespace

MendedJson mend_json(std::string_view raw) {
  if (raw.size() >= kMostRawBytes) {
    return {};
  }
  return Mender(raw).run();
}

}  // namespace twinlog
