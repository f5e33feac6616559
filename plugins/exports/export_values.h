// The forms that values have in the lines of exports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/exports/export_line.h"
#include "plugins/exports/simd_json.h"

namespace twinlog {

using ExportValue = simd_json::Value;

inline std::string_view text_view(const ExportValue& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::optional<std::int64_t> integer_of(const ExportValue& value);
/// False where it is no binary value.
bool binary_of(const ExportValue& value, ExportDialect dialect, std::string& bytes);
/// Milliseconds of {"$date": ...}.
std::optional<std::int64_t> date_of(const ExportValue& value);
/// Canonical JSON of an object; nothing where it cannot be metadata of an event.
std::optional<std::string> metadata_of(const ExportValue& value, ExportDialect dialect);

}  // namespace twinlog
