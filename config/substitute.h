// ${VAR} in the values of the file.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "config/raw_value.h"

namespace twinlog {

using Environment = std::map<std::string, std::string>;

/// Replaces every ${NAME} in the strings of `value` (a list's too) by the variable's value without one line end at its
/// end, which is not looked into again, and adds their names to `used`. `$${` stands for a literal `${`; a `$` before
/// anything else is itself. What is wrong, in words: a variable that is not set or holds a line end, or a ${ that is
/// not followed by a name and }.
std::optional<std::string> substitute(RawValue& value, const Environment& environment, std::set<std::string>& used);

}  // namespace twinlog
