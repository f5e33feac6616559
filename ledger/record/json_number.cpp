#include "ledger/record/json_number.h"

#include <double-conversion/double-conversion.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "ledger/record/ascii.h"

namespace twinlog {
namespace {

// So many digits are always an integer below 2^53, and their text is canonical already.
constexpr std::size_t kSmallIntegerDigits = 15;
// Sign, 17 digits, "0.00000" or a point and an exponent of five characters, and the converter's NUL need fewer.
constexpr std::size_t kLongestDouble = 32;

// Takes digits off the front; false when there is none.
bool take_digits(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && is_digit(text.front())) {
    text.remove_prefix(1);
  }
  return text.size() != before;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

bool is_integer_text(std::string_view text) {
  return text.find_first_of(".eE") == std::string_view::npos;
}

bool is_exact(double value) {
  return std::fabs(value) <= static_cast<double>(kMostInteger) && value == std::trunc(value);
}

// The integer of integer text; nothing beyond +-2^53.
std::optional<std::int64_t> exact_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || value > kMostInteger || value < -kMostInteger) {
    return std::nullopt;
  }
  return value;
}

double nearest_double(std::string_view text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc()) {
    return value;
  }
  // Out of range: from_chars does not say on which side, strtod does (infinity or zero).
  return std::strtod(std::string(text).c_str(), nullptr);
}

}  // namespace

bool is_json_number(std::string_view text) {
  take(text, "-");
  const bool has_leading_zero = text.starts_with('0');
  const std::size_t before = text.size();
  if (!take_digits(text) || (has_leading_zero && before - text.size() > 1)) {
    return false;
  }
  if (take(text, ".") && !take_digits(text)) {
    return false;
  }
  if (take(text, "eE")) {
    take(text, "+-");
    if (!take_digits(text)) {
      return false;
    }
  }
  return text.empty();
}

std::optional<JsonNumber> number_value(std::string_view text) {
  if (is_integer_text(text)) {
    if (const auto integer = exact_integer(text)) {
      return JsonNumber(*integer);
    }
  }
  const double value = nearest_double(text);
  if (!std::isfinite(value)) {
    return std::nullopt;
  }
  return is_exact(value) ? JsonNumber(static_cast<std::int64_t>(value)) : JsonNumber(value);
}

bool is_number_in_range(std::string_view text) {
  if (is_integer_text(text)) {
    return text.size() <= kSmallIntegerDigits || exact_integer(text).has_value();
  }
  return std::isfinite(nearest_double(text));
}

std::optional<std::int64_t> integer_value(std::string_view text) {
  if (is_integer_text(text)) {
    return exact_integer(text);
  }
  const double value = nearest_double(text);
  return is_exact(value) ? std::optional(static_cast<std::int64_t>(value)) : std::nullopt;
}

bool is_beyond_integers(std::string_view text) {
  if (is_integer_text(text)) {
    return !exact_integer(text);
  }
  return std::fabs(nearest_double(text)) > static_cast<double>(kMostInteger);
}

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

void append_double(std::string& out, double value) {
  std::array<char, kLongestDouble> buffer{};
  double_conversion::StringBuilder text(buffer.data(), static_cast<int>(buffer.size()));
  // Of what RFC 8785 forbids (infinities, NaN) nothing comes here.
  if (!std::isfinite(value) ||
      !double_conversion::DoubleToStringConverter::EcmaScriptConverter().ToShortest(value, &text)) {
    std::abort();
  }
  out.append(buffer.data(), static_cast<std::size_t>(text.position()));
}

void append_number(std::string& out, std::string_view text) {
  if (text.size() <= kSmallIntegerDigits && is_integer_text(text)) {
    out.append(text == "-0" ? "0" : text);
    return;
  }
  const auto value = number_value(text);
  if (!value) {
    std::abort();
  }
  if (const auto* integer = std::get_if<std::int64_t>(&*value)) {
    append_integer(out, *integer);
  } else {
    append_double(out, std::get<double>(*value));
  }
}

}  // namespace twinlog
