// What `twinlog --version` tells of this build.
#pragma once

#include <string>
#include <string_view>

namespace twinlog {

/// The git revision, with "-dirty" where the checkout differed from it; "unknown" outside of a checkout. Made at build
/// time by packaging/cmake/revision.cmake.
std::string_view build_revision();

/// One fact a line, the first "twinlog X.Y.Z"; no end of line at the end.
std::string version_text();

}  // namespace twinlog
