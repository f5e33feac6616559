#include "ledger/record/jsonb_numbers.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "ledger/record/ascii.h"
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

bool is_in_number(char c) {
  return is_digit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

/// Of the string that begins at `begin`: where its closing quote is, or the end of the text.
std::size_t end_of_string(std::string_view json, std::size_t begin) {
  std::size_t end = json.find('"', begin + 1);
  for (; end != std::string_view::npos; end = json.find('"', end + 1)) {
    std::size_t slashes = 0;
    while (json[end - 1 - slashes] == '\\') {  // The opening quote ends it.
      ++slashes;
    }
    if (slashes % 2 == 0) {
      return end;
    }
  }
  return json.size();
}

}  // namespace

bool are_numbers_canonical(std::string_view json) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      i = end_of_string(json, i);
    } else if (c == '-' || is_digit(c)) {
      const std::size_t begin = i;
      while (i + 1 < json.size() && is_in_number(json[i + 1])) {
        ++i;
      }
      if (!is_canonical(json.substr(begin, i + 1 - begin))) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace twinlog
