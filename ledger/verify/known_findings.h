// The file of --known: findings of an earlier run that a person has judged, as `--json` printed them.
#pragma once

#include <string_view>

#include "ledger/base/result.h"
#include "ledger/verify/finding.h"

namespace twinlog {

/// A line of it into `known`; spelling and order of its members do not matter, nor does `"known":true`. Nothing comes
/// of an empty line and of the summary; kInvalid says what is wrong with any other that is no finding.
Status take_known(std::string_view line, KnownFindings& known);

}  // namespace twinlog
