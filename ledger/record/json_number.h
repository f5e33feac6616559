// JSON numbers: the grammar of RFC 8259, the range of docs/EVENTS.md, and the form of RFC 8785 (ECMAScript). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace twinlog {

/// 2^53: integers up to this, in both directions, are exact in every store.
inline constexpr std::int64_t kMostInteger = std::int64_t{1} << 53U;

/// An integer within +-2^53, or a finite double that is no such integer.
using JsonNumber = std::variant<std::int64_t, double>;

/// True for exactly the number grammar of RFC 8259.
bool is_json_number(std::string_view text);

/// The value of valid number text, whatever its size: an integer when the value is one within +-2^53, else the nearest
/// double; nothing when that is not finite.
std::optional<JsonNumber> number_value(std::string_view text);

/// True when valid number text as a number: written as an integer (no point, no exponent) and
/// within +-2^53, or written otherwise and finite as a double.
bool is_number_in_range(std::string_view text);

/// The integer that valid number text stands for, however it is written (5, 5.0, 5e0), within +-2^53.
std::optional<std::int64_t> integer_value(std::string_view text);

/// True for valid number text whose value lies outside of +-2^53 (also when no double can hold it).
bool is_beyond_integers(std::string_view text);

/// Appends as RFC 8785, section 3.2.2.3, wants it. `value` must be finite; -0 is written as 0.
void append_double(std::string& out, double value);
void append_integer(std::string& out, std::int64_t value);
/// Appends valid number text of a finite value in RFC 8785 form.
void append_number(std::string& out, std::string_view text);

}  // namespace twinlog
