// What no writer of ours puts into a document: fields of other names or types, dates that are not their microseconds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/mongodb/bson.h"

namespace twinlog::mongodb {

enum class FieldType : std::uint8_t {
  kText,
  kInt32,
  kInt64,
  kBoolean,
  kBinary,
  kDate,   ///< With `<name>_us` beside it, an int64, of which it is the milliseconds rounded down.
  kTexts,  ///< An array of texts, not empty.
  kObject,
};
enum class Presence : std::uint8_t {
  kAlways,
  kOrAbsent,
  kOrNull,  ///< Always there; null where the value is absent.
};

struct FieldRule {
  std::string_view name;
  FieldType type = FieldType::kText;
  Presence presence = Presence::kAlways;
};

/// In words that name the field and no value.
std::vector<std::string> field_faults(const BsonFields& fields, std::span<const FieldRule> rules);

}  // namespace twinlog::mongodb
