#include "ledger/record/jsonb_numbers.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "ledger/record/json_number.h"

namespace twinlog {
namespace {

constexpr std::string_view kDigits = "0123456789";
/// So many digits fit into every double.
constexpr std::size_t kExactDigits = 15;

/// A number in the form of RFC 8785 as numeric_out() writes it: without an exponent.
std::string without_exponent(std::string_view number) {
  const std::size_t e = number.find('e');
  if (e == std::string_view::npos) {
    return std::string(number);
  }
  int exponent = 0;
  const std::size_t digits_of_exponent = number[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(number.data() + digits_of_exponent, number.data() + number.size(), exponent);
  std::string sign;
  std::string_view mantissa = number.substr(0, e);
  if (mantissa.starts_with('-')) {
    sign = "-";
    mantissa.remove_prefix(1);
  }
  std::string digits(mantissa.substr(0, 1));
  digits += mantissa.size() > 2 ? mantissa.substr(2) : std::string_view{};  // "d.ddd"
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent) - 1, '0') + digits;
  }
  const auto places = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= places) {
    return sign + digits + std::string(places - digits.size(), '0');
  }
  return sign + digits.substr(0, places) + "." + digits.substr(places);
}

bool is_canonical(std::string_view number) {
  if (number.size() <= kExactDigits && number.find_first_not_of(kDigits) == std::string_view::npos) {
    return true;
  }
  if (!is_json_number(number) || !number_value(number)) {
    return false;
  }
  std::string canonical;
  append_number(canonical, number);
  return canonical == number || without_exponent(canonical) == number;
}

}  // namespace

bool are_numbers_canonical(std::string_view json) {
  bool is_in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (is_in_string) {
      i += c == '\\' ? 1 : 0;
      is_in_string = c != '"';
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const std::size_t end = std::min(json.size(), json.find_first_not_of("+-.eE0123456789", i));
      if (!is_canonical(json.substr(i, end - i))) {
        return false;
      }
      i = end - 1;
    }
  }
  return true;
}

}  // namespace twinlog
