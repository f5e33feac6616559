// Keys of the configuration as TWINLOG_ variables.
#pragma once

#include <string>
#include <string_view>

#include "config/keys.h"
#include "config/raw_value.h"

namespace twinlog {

inline constexpr std::string_view kVariablePrefix = "TWINLOG_";
/// No key: it names the file, where the command line does not.
inline constexpr const char* kConfigVariable = "TWINLOG_CONFIG";

/// "intake.unix.path" is TWINLOG_INTAKE_UNIX_PATH.
std::string variable_of(std::string_view path);

/// The text of a variable, without one line end at its end, as what the key takes: true or false, an integer, a list
/// separated by commas ("" is the empty list), else the text. What cannot be read so stays text, for apply_value to
/// complain about.
RawValue raw_from_variable(const ConfigKey& key, std::string_view variable);

}  // namespace twinlog
