// Which client library this process runs with.
#pragma once

#include <string>

namespace twinlog {

std::string libpq_version();

}  // namespace twinlog
