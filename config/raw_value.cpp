#include "config/raw_value.h"

namespace twinlog {

std::string_view type_words(RawValue::Type type) {
  switch (type) {
    case RawValue::Type::kText:
      return "a string";
    case RawValue::Type::kInteger:
      return "an integer";
    case RawValue::Type::kBoolean:
      return "a boolean";
    case RawValue::Type::kList:
      return "a list";
    case RawValue::Type::kFloat:
      return "a fraction";
    case RawValue::Type::kTime:
      return "a date or time";
    case RawValue::Type::kTable:
      return "a table";
  }
  return "something else";
}

}  // namespace twinlog
