// A value as a source gave it, before a key says what it must be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace twinlog {

struct RawValue {
  enum class Type : std::uint8_t { kText, kInteger, kBoolean, kList, kFloat, kTime, kTable };

  Type type = Type::kText;
  std::string text;     ///< kText: after substitution.
  std::string written;  ///< kText: as the source has it; what a message may quote, since ${VAR} may bring a secret.
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<RawValue> items;

  static RawValue of_text(std::string value) {
    RawValue raw;
    raw.written = value;
    raw.text = std::move(value);
    return raw;
  }
  static RawValue of_integer(std::int64_t value) {
    RawValue raw;
    raw.type = Type::kInteger;
    raw.integer = value;
    return raw;
  }
  static RawValue of_boolean(bool value) {
    RawValue raw;
    raw.type = Type::kBoolean;
    raw.boolean = value;
    return raw;
  }
  static RawValue of_type(Type type) {
    RawValue raw;
    raw.type = type;
    return raw;
  }
};

/// "a string", "an integer", ...
std::string_view type_words(RawValue::Type type);

}  // namespace twinlog
