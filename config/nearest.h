// "Did you mean": the known name nearest to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace twinlog {

/// The one of `known` with the fewest insertions, deletions, replacements and swaps of neighbours (optimal string
/// alignment) from `name`; "" when even that one takes more than a third of the name's length, or 3.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace twinlog
