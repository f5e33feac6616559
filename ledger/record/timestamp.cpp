#include "ledger/record/timestamp.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "ledger/record/ascii.h"
#include "ledger/record/json_number.h"

namespace twinlog {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerMillisecond = 1'000;
constexpr std::int64_t kLeastMilliseconds = 100'000'000'000;  // As seconds this is the year 5138.
// Beyond the year 9999 in any unit, and in seconds; what is below fits into 64 bits as microseconds.
constexpr double kFarNumber = 1e15;
constexpr double kFarSeconds = 1e12;
constexpr int kMicrosDigits = 6;
constexpr std::size_t kYearDigits = 4;

/// Takes the parts of a date-time off the front; after a mismatch `ok` stays false.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  int two_digits(int most) {
    if (rest.size() < 2 || !is_digit(rest[0]) || !is_digit(rest[1])) {
      ok = false;
      return 0;
    }
    const int value = (rest[0] - '0') * 10 + (rest[1] - '0');
    rest.remove_prefix(2);
    ok = ok && value <= most;
    return value;
  }
  char one_of(std::string_view characters) {
    if (rest.empty() || characters.find(rest.front()) == std::string_view::npos) {
      ok = false;
      return '\0';
    }
    const char taken = rest.front();
    rest.remove_prefix(1);
    return taken;
  }
  std::string_view digits() {
    std::size_t count = 0;
    while (count < rest.size() && is_digit(rest[count])) {
      ++count;
    }
    const std::string_view taken = rest.substr(0, count);
    rest.remove_prefix(count);
    return taken;
  }
};

int fraction_micros(std::string_view digits) {
  int micros = 0;
  for (int i = 0; i < kMicrosDigits; ++i) {
    const auto place = static_cast<std::size_t>(i);
    micros = micros * 10 + (place < digits.size() ? digits[place] - '0' : 0);
  }
  return micros;
}

struct Year {
  int value = 0;
  bool is_beyond = false;
};

Year take_year(Scanner& scanner) {
  const bool has_sign = scanner.rest.starts_with('+');
  if (has_sign) {
    scanner.rest.remove_prefix(1);
  }
  const std::string_view digits = scanner.digits();
  scanner.ok = digits.size() > kYearDigits || (digits.size() == kYearDigits && !has_sign);
  Year year;
  year.is_beyond = digits.size() > kYearDigits;
  for (const char c : digits.substr(0, kYearDigits)) {
    year.value = year.value * 10 + (c - '0');
  }
  return year;
}

// Microseconds within the day, of the local time.
std::int64_t take_time_of_day(Scanner& scanner) {
  const int hour = scanner.two_digits(23);
  scanner.one_of(":");
  const int minute = scanner.two_digits(59);
  scanner.one_of(":");
  const int second = scanner.two_digits(60);
  int micros = 0;
  if (scanner.rest.starts_with('.')) {
    scanner.rest.remove_prefix(1);
    const std::string_view digits = scanner.digits();
    scanner.ok = scanner.ok && !digits.empty();
    micros = fraction_micros(digits);
  }
  const std::int64_t minutes = std::int64_t{hour} * 60 + minute;
  if (second == 60) {
    return (minutes + 1) * 60 * kMicrosPerSecond - 1;
  }
  return (minutes * 60 + second) * kMicrosPerSecond + micros;
}

std::int64_t take_zone_minutes(Scanner& scanner) {
  const char sign = scanner.one_of("Zz+-");
  if (sign != '+' && sign != '-') {
    return 0;
  }
  const int hours = scanner.two_digits(23);
  scanner.one_of(":");
  const int minutes = scanner.two_digits(59);
  const std::int64_t offset = std::int64_t{hours} * 60 + minutes;
  return sign == '-' ? -offset : offset;
}

ReadTime ranged(UtcMicros micros) {
  if (micros < kEarliestTime) {
    return {TimeRange::kBefore, 0};
  }
  return micros > kLatestTime ? ReadTime{TimeRange::kBeyond, 0} : ReadTime{TimeRange::kWithin, micros};
}

// The exponent of number text; nothing when no integer can hold it.
std::optional<std::int64_t> exponent_of(std::string_view number) {
  const std::size_t e = number.find_first_of("eE");
  if (e == std::string_view::npos) {
    return 0;
  }
  std::string_view text = number.substr(e + 1);
  text.remove_prefix(text.starts_with('+') ? 1 : 0);
  std::int64_t exponent = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), exponent);
  return parsed.ec == std::errc() ? std::optional(exponent) : std::nullopt;
}

struct Scaled {
  std::int64_t value = 0;  // Without sign, cut off.
  bool has_rest = false;
};

// The size of a number below kFarNumber times 10^places, from its digits: a double would be off by some.
Scaled scaled(std::string_view number, std::int64_t places) {
  const auto exponent = exponent_of(number);
  std::string_view mantissa = number.substr(0, number.find_first_of("eE"));
  mantissa.remove_prefix(mantissa.starts_with('-') ? 1 : 0);
  const auto digits_before_point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  // How many digits count. Only next to nothing, or nothing, has so large an exponent and is below kFarNumber.
  std::int64_t wanted = exponent ? digits_before_point + *exponent + places : 0;
  Scaled result;
  for (const char c : mantissa) {
    if (c == '.') {
      continue;
    }
    if (wanted > 0) {
      result.value = result.value * 10 + (c - '0');
      --wanted;
    } else {
      result.has_rest = result.has_rest || c != '0';
    }
  }
  for (; wanted > 0 && result.value != 0; --wanted) {
    result.value *= 10;
  }
  return result;
}

double size_of(std::string_view number) {
  const auto value = number_value(number);
  return value ? std::fabs(std::visit([](auto each) { return static_cast<double>(each); }, *value)) : kFarNumber;
}

}  // namespace

std::optional<ReadTime> rfc3339_time(std::string_view text) {
  Scanner scanner{text};
  const Year year = take_year(scanner);
  scanner.one_of("-");
  const int month = scanner.two_digits(12);
  scanner.one_of("-");
  const int day = scanner.two_digits(31);
  scanner.one_of("Tt ");
  const std::int64_t of_day = take_time_of_day(scanner);
  const std::int64_t zone_minutes = take_zone_minutes(scanner);
  if (!scanner.ok || !scanner.rest.empty()) {
    return std::nullopt;
  }
  // A longer year is no year of the calendar's type; a leap day in it is not worth a refusal.
  const auto date = std::chrono::year_month_day(std::chrono::year(year.is_beyond ? 2000 : year.value),
                                                std::chrono::month(static_cast<unsigned>(month)),
                                                std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) {
    return std::nullopt;
  }
  if (year.is_beyond) {
    return ReadTime{TimeRange::kBeyond, 0};
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const std::int64_t midnight = std::chrono::duration_cast<std::chrono::microseconds>(days).count();
  return ranged(midnight + of_day - zone_minutes * 60 * kMicrosPerSecond);
}

EpochTime epoch_time(std::string_view number) {
  const bool is_negative = number.starts_with('-');
  const ReadTime outside{is_negative ? TimeRange::kBefore : TimeRange::kBeyond, 0};
  const double size = size_of(number);
  if (size >= kFarNumber) {
    return {outside, false};
  }
  const Scaled whole = scaled(number, 0);
  if (!whole.has_rest && whole.value >= kLeastMilliseconds) {
    return {ranged((is_negative ? -whole.value : whole.value) * kMicrosPerMillisecond), false};
  }
  if (size >= kFarSeconds) {
    return {outside, true};
  }
  const Scaled micros = scaled(number, kMicrosDigits);
  return {ranged(is_negative ? -micros.value - (micros.has_rest ? 1 : 0) : micros.value), true};
}

bool is_infinity(std::string_view text) {
  constexpr std::string_view kInfinity = "infinity";
  return std::equal(text.begin(), text.end(), kInfinity.begin(), kInfinity.end(),
                    [](char left, char right) { return to_lower(left) == right; });
}

}  // namespace twinlog
