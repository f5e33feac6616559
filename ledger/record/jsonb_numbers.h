// Numbers in jsonb. It keeps every digit, and an agent writes no more than tell a double from its neighbours: a number
// with other digits reads like the same value, and was put there by somebody else.
#pragma once

#include <string_view>

namespace twinlog {

/// Whether all numbers in the text of a jsonb value are such that canonical JSON put there.
bool are_numbers_canonical(std::string_view json);

}  // namespace twinlog
